//! The outbox, with the binary: mails survive a kill, and without a mail server an operator hands links over.

use rollbook_tests::pg::TestPg;
use rollbook_tests::process::{Server, rollbook};
use rollbook_tests::smtp::{Manner, Sink};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

const ADDRESS: &str = "ada@acme.example";

/// A folder with the organization `acme`, owned by `ada`, who has an e-mail address; or a database of PostgreSQL.
struct World {
    folder: TempDir,
    pg: Option<TestPg>,
}

impl World {
    fn new(pg: Option<TestPg>) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap(), pg };
        let owner = ["--owner", "ada", "--owner-email", ADDRESS];
        let founded = world.run(&[&["init", "--organization", "acme"], owner.as_slice()].concat());
        assert!(founded.status.success(), "{}", String::from_utf8_lossy(&founded.stderr));
        world
    }

    fn command(&self) -> Command {
        let mut command = rollbook();
        command.current_dir(self.folder.path());
        if let Some(pg) = &self.pg {
            command.env("ROLLBOOK_DATABASE_URL", pg.url());
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn serve(&self, sink: Option<&Sink>) -> Server {
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "debug"]);
        if let Some(sink) = sink {
            let settings = [
                ("ROLLBOOK_MAIL_SERVER", sink.address()),
                ("ROLLBOOK_MAIL_TLS", "none".to_owned()),
                ("ROLLBOOK_MAIL_FROM", "rollbook@acme.example".to_owned()),
                ("ROLLBOOK_PUBLIC_URL", "https://roll.acme.example".to_owned()),
            ];
            command.envs(settings);
        }
        Server::start(&mut command)
    }

    fn waiting(&self) -> Vec<Value> {
        let listed = self.run(&["--json", "outbox"]);
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed["items"].as_array().unwrap().clone()
    }

    /// Waits until this many mails wait.
    fn wait_for(&self, count: usize) -> Vec<Value> {
        for _ in 0..600 {
            let waiting = self.waiting();
            if waiting.len() == count {
                return waiting;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{:?} wait, not {count}", self.waiting())
    }
}

fn post(server: &Server, path: &str, body: &str) -> String {
    let address = server.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
    let rest = format!("content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(format!("{head}{rest}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn ask(server: &Server) {
    let body = r#"{"organization":"acme","login":"ada"}"#;
    let answer = post(server, "/api/v1/password-links", body);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

fn secret_in(text: &str) -> String {
    let (_, rest) = text.split_once("/reset#").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn sets(server: &Server, secret: &str) {
    let body = format!(r#"{{"secret":"{secret}","password":"Entirely new 1!"}}"#);
    let answer = post(server, "/api/v1/password-links/use", &body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Logs name neither address nor secret.
fn says_nothing(server: &Server, secret: &str) {
    let log = server.stderr();
    for planted in [ADDRESS, secret, "rbl_", "acme.example"] {
        assert!(!log.contains(planted), "the log has {planted}:\n{log}");
    }
}

fn a_mail_survives_kills(world: &World) {
    let sink = Sink::start(Manner::Refuses);
    let mut server = world.serve(Some(&sink));
    ask(&server);
    while sink.refused() == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    server.kill();
    assert_eq!(world.waiting().len(), 1, "it waits still");
    sink.behave(Manner::Hangs);
    let mut again = world.serve(Some(&sink));
    let taken = sink.wait_for(1).remove(0);
    again.kill();
    let secret = secret_in(&taken.text);
    says_nothing(&server, &secret);
    says_nothing(&again, &secret);
    sink.behave(Manner::Takes);
    let last = world.serve(Some(&sink));
    // Nobody said that it was taken, so it is sent once more, when whoever claimed it must be dead.
    let mails = sink.wait_for(2);
    assert_eq!(secret_in(&mails[1].text), secret);
    assert_eq!(mails[1].to, [ADDRESS]);
    let _ = world.wait_for(0);
    sets(&last, &secret);
    says_nothing(&last, &secret);
}

#[test]
fn a_mail_survives_a_kill_while_it_waits_and_while_it_is_sent() {
    a_mail_survives_kills(&World::new(None));
}

#[test]
fn a_mail_survives_kills_on_postgresql_too() {
    a_mail_survives_kills(&World::new(Some(TestPg::create())));
}

#[test]
fn xcally_6_without_a_mail_server_the_operator_hands_the_link_over_and_the_log_says_so() {
    let world = World::new(None);
    let server = world.serve(None);
    ask(&server);
    let waiting = world.wait_for(1);
    let id = waiting[0]["id"].as_str().unwrap();
    assert_eq!((&waiting[0]["login"], &waiting[0]["organization"]), (&"ada".into(), &"acme".into()));
    assert!(!waiting[0].to_string().contains("rbl_"), "a list says nothing secret");
    let missing = world.run(&["outbox", "--show", "nothing"]);
    assert_eq!(missing.status.code(), Some(3));
    let shown = String::from_utf8(world.run(&["outbox", "--show", id]).stdout).unwrap();
    assert!(shown.starts_with("for ada of acme alone, once, until "), "{shown}");
    sets(&server, &secret_in(&shown));
    let signed = post(
        &server,
        "/api/v1/sessions",
        r#"{"organization":"acme","login":"ada","password":"Entirely new 1!"}"#,
    );
    let token = signed.split("\"token\":\"").nth(1).unwrap().split('"').next().unwrap();
    let log = get(&server, "/api/v1/activity?action=audit.read", token);
    assert!(log.contains("read a link to set a password") && log.contains("operator"), "{log}");
    let text = String::from_utf8(world.run(&["outbox"]).stdout).unwrap();
    assert!(text.contains("forgotten_password"), "it is cleared away within a minute: {text}");
}

fn get(server: &Server, path: &str, token: &str) -> String {
    let address = server.url().strip_prefix("http://").unwrap();
    let mut last = String::new();
    // The log is a view: it follows.
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n");
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).unwrap();
        last.clear();
        stream.read_to_string(&mut last).unwrap();
        if last.contains("\"sentence\"") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    last
}

#[test]
fn half_a_mail_server_is_refused_at_the_start() {
    let world = World::new(None);
    let mut command = world.command();
    let refused = command.arg("serve").env("ROLLBOOK_MAIL_SERVER", "smtp.acme.example:587").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("mail_from"));
}
