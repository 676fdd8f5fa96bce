//! Voximplant Kit's user status log over HTTP: reported by the telephone system, read as far as one's groups reach.

use crate::products_world::{World, sign_in};
use rollbook_domain::kernel::moment::Moment;
use rollbook_tests::client::Client;
use serde_json::{Value, json};

/// Managers, supervisors and agents; `ann` and `abe` are in the group that `sue` supervises. `pbx` reports by API key.
struct Centre {
    world: World,
    pbx: Client,
    mae: Client,
    sue: Client,
    ann: Client,
    /// When all of them were there.
    start: Moment,
}

impl Centre {
    /// So many microseconds later.
    fn at(&self, micros: i64) -> String {
        self.start.plus_micros(micros).to_string()
    }
}

async fn centre() -> Centre {
    let world = World::founded("voximplant").await;
    let mae = world.add("mae", "Manager", None).await;
    let sue = world.add("sue", "Supervisor", None).await;
    let ann = world.add("ann", "Agent", None).await;
    for login in ["abe", "zed"] {
        let _ =
            world.post("/users", json!({ "login": login, "name": login, "role": "Agent" })).await.expect(201);
    }
    let _ = world
        .post("/users", json!({ "login": "pbx", "name": "PBX", "role": "Administrator" }))
        .await
        .expect(201);
    let key = world.ada.act("/api/v1/users/pbx/api-key").await.expect(201).json();
    let pbx = world.anonymous.clone().bearer(key["api_key"].as_str().unwrap());
    let group = json!({ "name": "Night", "members": ["ann", "abe"], "supervisors": ["sue"] });
    let group = world.post("/groups", group).await.expect(201).json();
    let start = group["updated"]["at"].as_str().unwrap().parse().unwrap();
    Centre { world, pbx, mae, sue, ann, start }
}

fn report(user: &str, status: &str, at: &str) -> Value {
    json!({ "user": user, "status": status, "at": at })
}

impl Centre {
    /// Who was in which status, as `login status microsecond`.
    async fn log(&self, who: &Client, query: &str) -> Vec<String> {
        let page = who.get(&format!("/api/v1/status-log{query}")).await.expect(200).json();
        page["items"].as_array().unwrap().iter().map(|item| self.told(item)).collect()
    }

    fn told(&self, item: &Value) -> String {
        let text = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), str::to_owned);
        let at: Moment = text(&item["at"]).parse().unwrap();
        let at = at.micros() - self.start.micros();
        format!("{} {} {at:02}", text(&item["user"]["login"]), text(&item["status"]))
    }
}

async fn morning(centre: &Centre) {
    // Late and out of order.
    for reports in [
        json!([report("zed", "ready", &centre.at(9)), report("ann", "ready", &centre.at(8))]),
        json!([report("ann", "break", &centre.at(10))]),
        json!([report("abe", "ready", &centre.at(7)), report("ann", "lunch", &centre.at(11))]),
    ] {
        let body = json!({ "reports": reports });
        let recorded = centre.pbx.post("/api/v1/status-log", &body).await.expect(201).json();
        assert_eq!(recorded, json!({ "recorded": reports.as_array().unwrap().len() }));
    }
}

#[tokio::test]
async fn voximplant_12_the_status_log_is_read_by_managers_and_by_supervisors_of_their_groups() {
    let centre = centre().await;
    let before = centre.world.ada.get("/api/v1/organization").await.expect(200).json();
    morning(&centre).await;
    let all = ["ann lunch 11", "ann break 10", "zed ready 09", "ann ready 08", "abe ready 07"];
    assert_eq!(centre.log(&centre.mae, "").await, all);
    assert_eq!(centre.log(&centre.world.ada, "").await, all);
    let managed = ["ann lunch 11", "ann break 10", "ann ready 08", "abe ready 07"];
    assert_eq!(centre.log(&centre.sue, "").await, managed);
    assert_eq!(centre.log(&centre.sue, "?user=abe").await, ["abe ready 07"]);
    let _ = centre.sue.get("/api/v1/status-log?user=zed").await.refused(422, "invalid");
    for path in ["/api/v1/status-log", "/api/v1/status-log/export"] {
        let refused = centre.ann.get(path).await.refused(403, "permission_missing");
        assert_eq!(refused.json()["permission"], "status_log.view");
    }
    // Nothing of the organization changed.
    assert_eq!(centre.world.ada.get("/api/v1/organization").await.expect(200).json(), before);
    // It goes by the groups of now.
    let _ = centre.world.ada.patch("/api/v1/groups/Night", &json!({ "members": ["zed"] })).await.expect(200);
    assert_eq!(centre.log(&centre.sue, "").await, ["zed ready 09"]);
}

#[tokio::test]
async fn voximplant_12_a_period_is_that_of_the_statuses_however_late_they_were_reported() {
    let centre = centre().await;
    morning(&centre).await;
    let period = &format!("?from={}&until={}", centre.at(8), centre.at(11));
    assert_eq!(centre.log(&centre.mae, period).await, ["ann break 10", "zed ready 09", "ann ready 08"]);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/status-log{period}&limit=2{cursor}");
        let page = centre.mae.get(&path).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| centre.told(item)));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        // What is reported meanwhile of an earlier time comes in its place, and nothing twice.
        let late = json!({ "reports": [report("zed", "busy", &centre.at(8))] });
        let _ = centre.pbx.post("/api/v1/status-log", &late).await.expect(201);
    }
    assert_eq!(seen, ["ann break 10", "zed ready 09", "zed busy 08", "ann ready 08"]);
    for (query, parameter) in [
        ("?from=yesterday", "from"),
        ("?user=nobody", "user"),
        ("?cursor=AAAA", "cursor"),
        ("?limit=0", "limit"),
    ] {
        let refused = centre.mae.get(&format!("/api/v1/status-log{query}")).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [parameter]);
    }
}

#[tokio::test]
async fn voximplant_12_statuses_are_reported_by_whoever_may_and_all_or_none() {
    let centre = centre().await;
    let one = |report: Value| json!({ "reports": [report] });
    let ready = || report("ann", "ready", &centre.at(8));
    for who in [&centre.mae, &centre.sue, &centre.ann] {
        let refused = who.post("/api/v1/status-log", &one(ready())).await.refused(403, "permission_missing");
        assert_eq!(refused.json()["permission"], "status_log.report");
    }
    let _ = centre
        .world
        .post("/users", json!({ "login": "old", "name": "Old", "role": "Agent" }))
        .await
        .expect(201);
    let _ = centre.world.ada.delete("/api/v1/users/old").await.expect(200);
    let ann = centre.world.ada.get("/api/v1/users/ann").await.expect(200).json();
    let added: Moment = ann["created"]["at"].as_str().unwrap().parse().unwrap();
    let before_ann = added.plus_micros(-1).to_string();
    let many: Vec<_> = (0..501).map(|_| ready()).collect();
    for (body, pointer) in [
        (one(report("nobody", "ready", &centre.at(8))), "/reports/0/user"),
        (one(report("old", "ready", &centre.at(8))), "/reports/0/user"),
        (one(report("ann", "", &centre.at(8))), "/reports/0/status"),
        (one(report("ann", &"x".repeat(33), &centre.at(8))), "/reports/0/status"),
        (one(report("ann", "a\nb", &centre.at(8))), "/reports/0/status"),
        (one(report("ann", "Ready", &centre.at(8))), "/reports/0/status"),
        (one(report("ann", "ann is ill", &centre.at(8))), "/reports/0/status"),
        (one(report("ann", "été", &centre.at(8))), "/reports/0/status"),
        (one(report("ann", "ready", "this morning")), "/reports/0/at"),
        (one(report("ann", "ready", "2126-01-05T08:00:00Z")), "/reports/0/at"),
        (one(report("ann", "ready", &before_ann)), "/reports/0/at"),
        (json!({ "reports": [ready(), report("nobody", "ready", &centre.at(8))] }), "/reports/1/user"),
        (json!({ "reports": [] }), "/reports"),
        (json!({ "reports": many }), "/reports"),
        (json!({ "status": "ready" }), "/status"),
    ] {
        let refused = centre.pbx.post("/api/v1/status-log", &body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
    assert_eq!(centre.log(&centre.mae, "").await, Vec::<String>::new());
    // Without a time it is now.
    let _ = centre
        .pbx
        .post("/api/v1/status-log", &one(json!({ "user": "ann", "status": "ready" })))
        .await
        .expect(201);
    let page = centre.mae.get("/api/v1/status-log").await.expect(200).json();
    assert_eq!(page["items"][0]["at"], page["items"][0]["reported_at"]);
    // Who reported it, by which key, is in the activity log.
    let acts = centre.world.ada.get("/api/v1/activity?action=status.").await.expect(200).json();
    let act = &acts["items"][0];
    assert_eq!((&act["actor"]["kind"], &act["subject"]["label"]), (&json!("api_key"), &json!("ann")));
    assert!(act["sentence"].as_str().unwrap().starts_with("reported that ann was ready from "), "{act}");
}

#[tokio::test]
async fn voximplant_12_a_retried_report_is_recorded_once() {
    let centre = centre().await;
    let body = json!({ "reports": [report("ann", "ready", &centre.at(8))] });
    let keyed = centre.pbx.clone().with("idempotency-key", "shift-1");
    for replayed in [None, Some("true")] {
        let answer = keyed.post("/api/v1/status-log", &body).await.expect(201);
        assert_eq!(answer.header("rollbook-replayed"), replayed);
        assert_eq!(answer.json(), json!({ "recorded": 1 }));
    }
    let other = json!({ "reports": [report("ann", "break", &centre.at(8))] });
    let _ = keyed.post("/api/v1/status-log", &other).await.refused(422, "idempotency_key_reused");
    let dry = centre.pbx.clone().with("rollbook-dry-run", "true");
    let _ = dry.post("/api/v1/status-log", &other).await.expect(200);
    assert_eq!(centre.log(&centre.mae, "").await, ["ann ready 08"]);
}

#[tokio::test]
async fn voximplant_12_the_status_log_is_taken_away_as_csv_which_is_recorded() {
    let centre = centre().await;
    morning(&centre).await;
    let formula = json!({ "reports": [report("ann", "-1", &centre.at(12))] });
    let _ = centre.pbx.post("/api/v1/status-log", &formula).await.expect(201);
    let file =
        centre.sue.get(&format!("/api/v1/status-log/export?from={}", centre.at(10))).await.expect(200).text();
    let lines: Vec<_> = file.lines().collect();
    assert_eq!(lines[0], "at,user_id,user_login,status,reported_at,position");
    let cells: Vec<Vec<_>> = lines[1..].iter().map(|line| line.split(',').collect()).collect();
    let told: Vec<_> = cells.iter().map(|cells| (cells[0], cells[2], cells[3])).collect();
    assert_eq!(
        told,
        [
            (&*centre.at(12), "ann", "'-1"),
            (&*centre.at(11), "ann", "lunch"),
            (&*centre.at(10), "ann", "break"),
        ]
    );
    // The activity log has it once the status log, which waits for its reports, was read again.
    assert_eq!(centre.log(&centre.sue, "?user=abe").await, ["abe ready 07"]);
    let exports = centre.world.ada.get("/api/v1/activity?action=audit.exported").await.expect(200).json();
    let export = &exports["items"][0];
    assert_eq!(
        (&export["actor"]["label"], &export["sentence"]),
        (&json!("sue"), &json!("exported the status log as CSV"))
    );
    let again = sign_in(&centre.world.another_process().await, "sue", crate::products_world::PASSWORD).await;
    assert_eq!(centre.log(&again, "?user=abe").await, ["abe ready 07"]);
}

#[tokio::test]
async fn voximplant_12_whoever_reads_the_log_and_may_not_see_a_user_is_told_no_login() {
    let centre = centre().await;
    morning(&centre).await;
    let grants = json!([
        { "permission": "status_log.view", "scope": "all" },
        { "permission": "users.view", "scope": "managed" },
    ]);
    let role = json!({ "name": "Statistics", "rank": 5, "grants": grants });
    let _ = centre.world.post("/roles", role).await.expect(201);
    let stan = centre.world.add("stan", "Statistics", None).await;
    let group = json!({ "name": "Early", "members": ["abe"], "supervisors": ["stan"] });
    let _ = centre.world.post("/groups", group).await.expect(201);
    let told = ["- lunch 11", "- break 10", "- ready 09", "- ready 08", "abe ready 07"];
    assert_eq!(centre.log(&stan, "").await, told);
    let file = stan.get("/api/v1/status-log/export").await.expect(200).text();
    let logins: Vec<_> = file.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(logins, ["", "", "", "", "abe"]);
    let page = stan.get("/api/v1/status-log").await.expect(200).json();
    assert_eq!(page["items"][0]["user"]["login"], Value::Null);
}
