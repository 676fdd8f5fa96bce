//! The page that a link opens: static, under the policy of every answer, usable without seeing it.

use rollbook_tests::app::World;

#[tokio::test]
async fn the_page_of_a_link_is_served_under_the_policy_and_has_nothing_inline() {
    let world = World::new().await;
    let page = world.anonymous().get("/reset").await.expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let html = page.text();
    for inline in [
        "<style",
        "style=",
        "onclick",
        "onsubmit",
        "onload",
        "javascript:",
        "<script>",
        "http://",
        "https://",
    ] {
        assert!(!html.contains(inline), "{inline}");
    }
    for (path, kind) in
        [("/reset.js", "text/javascript; charset=utf-8"), ("/reset.css", "text/css; charset=utf-8")]
    {
        assert!(html.contains(&format!("\"{}\"", &path[1..])), "the page asks for {path}");
        let file = world.anonymous().get(path).await.expect(200);
        assert_eq!(
            (file.header("content-type"), file.header("x-content-type-options")),
            (Some(kind), Some("nosniff"))
        );
    }
}

#[tokio::test]
async fn the_page_of_a_link_can_be_used_with_a_screen_reader_and_a_password_manager() {
    let html = World::new().await.anonymous().get("/reset").await.expect(200).text();
    for needed in [
        "<html lang=\"en\">",
        "<title>",
        "<label for=\"password\">",
        "autocomplete=\"new-password\"",
        "aria-describedby=\"rule error\"",
        "role=\"alert\"",
        "role=\"status\"",
        "<noscript>",
        "method=\"post\" hidden",
    ] {
        assert!(html.contains(needed), "{needed}");
    }
}

#[tokio::test]
async fn the_page_posts_the_secret_in_a_body_and_takes_it_out_of_the_address() {
    let script = World::new().await.anonymous().get("/reset.js").await.expect(200).text();
    assert!(script.contains("fetch(\"api/v1/password-links/use\"") && script.contains("method: \"POST\""));
    assert!(script.contains("history.replaceState(null, \"\", location.pathname)"));
    for stored in ["localStorage", "sessionStorage", "document.cookie", "innerHTML", "eval("] {
        assert!(!script.contains(stored), "{stored}");
    }
}
