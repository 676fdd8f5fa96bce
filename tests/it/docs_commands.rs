//! Every command that the documentation shows is run, and says what the documentation says it says.
//!
//! The `sh` blocks of a document are one session in a folder of its own, top to bottom. `cargo run --release --`
//! stands for the built binary, 127.0.0.1:8080 for a free port, and what serves runs on while the next blocks talk to
//! it. Each line of an `output` block must occur in what the block before it printed. The `sh postgresql` blocks are
//! another session, on a server of its own that stands for every host named. `text` blocks are not run.

use crate::docs_tables::root;
use rollbook_tests::pg::programs;
use rollbook_tests::pg_server::PgServer;
use std::fmt::Write as _;
use std::process::Command;

/// What every session begins with.
const PRELUDE: &str = r#"
set -euo pipefail
server=
stop() { if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" || true; server=; fi; }
trap stop EXIT
start() {
    stop
    "$@" >served.out 2>served.err &
    server=$!
    for _ in $(seq 600); do
        if grep -q '^listening on ' served.out; then cat served.out; return 0; fi
        kill -0 "$server" 2>/dev/null || { cat served.err >&2; return 1; }
        sleep 0.1
    done
    return 1
}
"#;

struct Block {
    line: usize,
    commands: String,
    expected: Vec<String>,
}

fn blocks(text: &str, wanted: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut fence: Option<String> = None;
    // What an `output` block belongs to.
    let mut last = String::new();
    for (nth, line) in text.lines().enumerate() {
        match (&fence, line.trim_start().strip_prefix("```")) {
            (None, Some(kind)) => {
                fence = Some(kind.to_owned());
                if kind != "output" {
                    kind.clone_into(&mut last);
                }
                if kind == wanted {
                    found.push(Block { line: nth + 1, commands: String::new(), expected: Vec::new() });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some(kind), None) if kind == wanted => {
                writeln!(found.last_mut().unwrap().commands, "{line}").unwrap();
            }
            (Some(kind), None) if kind == "output" && last == wanted => {
                found.last_mut().unwrap().expected.push(line.to_owned());
            }
            _ => {}
        }
    }
    found
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn as_run(commands: &str, port: u16) -> String {
    let address = format!("127.0.0.1:{port}");
    let lines = commands.replace("cargo run --release -- ", "rollbook ").replace("127.0.0.1:8080", &address);
    let line = |line: &str| match line.strip_prefix("rollbook ").and_then(|rest| rest.split(' ').next()) {
        Some("demo" | "serve") => format!("start {line} --listen {address}\n"),
        _ => format!("{line}\n"),
    };
    lines.lines().map(line).collect()
}

fn run(document: &str) {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    session(document, &blocks(&text, "sh"), &[]);
}

/// Hosts, users and databases that a document makes up are those of a server that knows nobody yet.
fn run_on_postgresql(document: &str) {
    let server = PgServer::start();
    let url = server.url();
    let host = url.split('@').nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let text =
        text.replace("postgres://USER:PASSWORD@HOST/DATABASE", &url).replace("@db/", &format!("@{host}/"));
    let blocks = blocks(&text, "sh postgresql");
    assert!(!blocks.is_empty(), "{document} shows nothing on PostgreSQL");
    let (host, port) = host.split_once(':').unwrap();
    let user = url.trim_start_matches("postgres://").split(['@', ':']).next().unwrap();
    session(document, &blocks, &[("PGHOST", host), ("PGPORT", port), ("PGUSER", user)]);
}

fn session(document: &str, blocks: &[Block], variables: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut script = PRELUDE.to_owned();
    for (nth, block) in blocks.iter().enumerate() {
        let commands = as_run(&block.commands, port);
        writeln!(script, "echo {} >at\n{{\n{commands}\n}} >block.{nth} 2>&1", block.line).unwrap();
    }
    let bin = rollbook_tests::process::binary().parent().unwrap();
    let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", bin.display(), programs().display());
    let mut session = Command::new("bash");
    session.args(["-c", &script]).current_dir(&folder).env("PATH", path).envs(variables.iter().copied());
    let session = session.output().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let printed: Vec<_> = (0..blocks.len()).map(|nth| read(&format!("block.{nth}"))).collect();
    let last = printed.iter().rev().find(|text| !text.is_empty()).cloned().unwrap_or_default();
    let errors = String::from_utf8_lossy(&session.stderr);
    assert!(session.status.success(), "{document}:{}failed:\n{last}\n{errors}", read("at"));
    for (block, printed) in blocks.iter().zip(&printed) {
        for line in &block.expected {
            assert!(printed.contains(line), "{document}:{} printed no {line:?} but\n{printed}", block.line);
        }
    }
}

#[test]
fn the_readme_does_what_it_says() {
    run("README.md");
}

#[test]
fn the_readme_does_what_it_says_on_postgresql_too() {
    run_on_postgresql("README.md");
}

#[test]
fn the_operations_guide_does_what_it_says_on_postgresql_too() {
    run_on_postgresql("docs/OPERATIONS.md");
}

#[test]
fn the_operations_guide_does_what_it_says() {
    run("docs/OPERATIONS.md");
}

#[test]
fn the_api_guide_does_what_it_says() {
    run("docs/API.md");
}

#[test]
fn no_other_document_shows_commands_that_nobody_runs() {
    let mut documents = vec![root().join("CHANGELOG.md")];
    for folder in ["docs", "docs/adr"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        documents.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let run = ["docs/OPERATIONS.md", "docs/API.md"].map(|name| root().join(name));
    for document in documents.into_iter().filter(|path| path.extension().is_some_and(|it| it == "md")) {
        let text = std::fs::read_to_string(&document).unwrap();
        let shown = ["sh", "sh postgresql"].into_iter().any(|kind| !blocks(&text, kind).is_empty());
        assert!(run.contains(&document) || !shown, "{} is not run", document.display());
    }
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut documents = vec![root().join("README.md")];
    let entries = std::fs::read_dir(root().join("docs")).unwrap();
    documents.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    for document in documents {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                let target = document.parent().unwrap().join(file);
                assert!(target.exists(), "{} links to {link}", document.display());
            }
        }
    }
}
