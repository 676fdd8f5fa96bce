//! Which layer wins, and what an error says.

use super::{Database, Layers, LogFormat, MailTls, Redacted, Settings};
use std::path::PathBuf;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rollbook-config-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, text: &str) -> PathBuf {
        let file = self.0.join("rollbook.toml");
        std::fs::write(&file, text).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn env(values: &[(&str, &str)]) -> Vec<(String, String)> {
    values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn error(layers: Layers) -> String {
    layers.settings().unwrap_err().to_string()
}

#[test]
fn without_any_layer_the_defaults_hold() {
    let settings = Layers::default().settings().unwrap();
    let expected = Settings {
        database: Database::Folder("rollbook-data".into()),
        connections: 16,
        listen: "127.0.0.1:8080".parse().unwrap(),
        secure_cookies: false,
        behind_proxy: false,
        hashes_at_once: 4,
        organizations_mib: 512,
        public_url: None,
        mail: None,
        log_format: LogFormat::Json,
        log_level: "info".into(),
    };
    assert_eq!(settings, expected);
}

#[test]
fn flags_beat_the_environment_and_the_environment_beats_the_file() {
    let folder = Folder::new("order");
    let file =
        folder.file("connections = 3\nhashes_at_once = 3\nlisten = \"127.0.0.3:3\"\nsecure_cookies = true\n");
    let layers = Layers {
        file: Some(file),
        environment: env(&[("hashes_at_once", "5"), ("listen", "127.0.0.5:5")]),
        flags: vec![("listen", "127.0.0.7:7".into())],
    };
    let settings = layers.settings().unwrap();
    assert_eq!((settings.connections, settings.hashes_at_once), (3, 5));
    assert_eq!(settings.listen.to_string(), "127.0.0.7:7");
    assert!(settings.secure_cookies);
}

#[test]
fn a_stronger_database_replaces_a_weaker_one_and_two_at_once_are_refused() {
    let layers = Layers {
        environment: env(&[("database_url", "postgres://u:planted@h/d")]),
        flags: vec![("data", "here".into())],
        ..Layers::default()
    };
    assert_eq!(layers.settings().unwrap().database, Database::Folder("here".into()));
    let both = Layers {
        environment: env(&[("database_url", "postgres://u:planted@h/d"), ("data", "here")]),
        ..Layers::default()
    };
    let said = error(both);
    assert!(said.contains("`database_url` (environment ROLLBOOK_DATABASE_URL)"), "{said}");
    assert!(!said.contains("planted"));
}

#[test]
fn an_error_names_the_key_and_where_it_came_from() {
    let folder = Folder::new("errors");
    let file = folder.file("connections = \"many\"\n");
    let said = error(Layers { file: Some(file), ..Layers::default() });
    assert!(said.starts_with("setting `connections` (file ") && said.contains("2 to 1000"), "{said}");
    let file = folder.file("lissten = \"x\"\n");
    let said = error(Layers { file: Some(file), ..Layers::default() });
    assert!(said.contains("names `lissten`, which is no setting; there are data, "), "{said}");
    let said = error(Layers { environment: env(&[("log_format", "xml")]), ..Layers::default() });
    assert_eq!(
        said,
        "setting `log_format` (environment ROLLBOOK_LOG_FORMAT): is json or text; it is \"xml\""
    );
    let said = error(Layers { file: Some("no/such.toml".into()), ..Layers::default() });
    assert!(said.starts_with("--config no/such.toml: "), "{said}");
}

#[test]
fn a_word_that_is_no_level_does_not_silence_the_log() {
    let level = |level: &str| Layers { environment: env(&[("log_level", level)]), ..Layers::default() };
    for wrong in ["warning", "nope nope", "", "info,everything"] {
        let said = error(level(wrong));
        assert!(
            said.contains("is one of error, warn, info, debug, trace, or a list as in"),
            "{wrong}: {said}"
        );
    }
    for right in ["warn", "info,sqlx=warn", "rollbook_ledger=debug"] {
        assert_eq!(level(right).settings().unwrap().log_level, right);
    }
}

#[test]
fn a_database_url_that_cannot_be_read_is_named_with_its_layer() {
    for wrong in ["", "postgres://u:planted@h/d?sslmode=wat", "postgres://u:planted@h:port/d"] {
        let said = error(Layers { environment: env(&[("database_url", wrong)]), ..Layers::default() });
        assert!(
            said.starts_with("setting `database_url` (environment ROLLBOOK_DATABASE_URL): is "),
            "{said}"
        );
        assert!(!said.contains("planted"), "{said}");
    }
}

#[test]
fn a_secret_is_repeated_neither_by_an_error_nor_by_debug() {
    let said =
        error(Layers { environment: env(&[("database_url", "mysql://u:planted@h")]), ..Layers::default() });
    assert!(said.contains("database_url") && !said.contains("planted"), "{said}");
    let folder = Folder::new("secret");
    let file = folder.file("database_url = postgres://u:planted@h\n");
    let said = error(Layers { file: Some(file), ..Layers::default() });
    assert!(!said.contains("planted"), "{said}");
    let layers =
        Layers { environment: env(&[("database_url", "postgres://u:planted@h/d")]), ..Layers::default() };
    assert!(!format!("{:?}", layers.settings().unwrap()).contains("planted"));
}

const MAIL: [(&str, &str); 3] = [
    ("public_url", "https://roll.example.com/"),
    ("mail_server", "[::1]:2525"),
    ("mail_from", "Rollbook <rollbook@example.com>"),
];

fn mailing(more: &[(&str, &str)]) -> Layers {
    Layers { environment: [env(&MAIL), env(more)].concat(), ..Layers::default() }
}

#[test]
fn a_mail_server_is_reached_by_starttls_unless_said_otherwise() {
    let settings = mailing(&[]).settings().unwrap();
    let mail = settings.mail.unwrap();
    assert_eq!(settings.public_url.as_deref(), Some("https://roll.example.com"));
    assert_eq!((mail.host.as_str(), mail.port, mail.tls), ("::1", 2525, MailTls::Starttls));
    assert_eq!((mail.from.to_string().as_str(), mail.sign_in), ("Rollbook <rollbook@example.com>", None));
    let settings = mailing(&[("mail_tls", "tls"), ("mail_user", "roll"), ("mail_password", "planted")]);
    let settings = settings.settings().unwrap();
    assert!(!format!("{settings:?}").contains("planted"));
    let mail = settings.mail.unwrap();
    assert_eq!((mail.tls, mail.sign_in), (MailTls::Tls, Some(("roll".into(), Redacted("planted".into())))));
}

#[test]
fn half_a_mail_server_is_refused_and_names_what_is_missing() {
    for (more, said) in [
        (
            &[("public_url", "")][..],
            "`public_url` (environment ROLLBOOK_PUBLIC_URL): is needed for the links",
        ),
        (&[("public_url", "ftp://x")], "`public_url`"),
        (&[("public_url", "https://x/#a")], "without user, ? or #"),
        (&[("mail_server", "smtp.example.com")], "is a host and a port, as in smtp.example.com:587"),
        (&[("mail_from", "nobody")], "`mail_from`"),
        (&[("mail_tls", "ssl")], "is starttls, tls or none"),
        (&[("mail_user", "roll")], "`mail_password` (nowhere): goes with `mail_user`"),
        (&[("mail_password", "planted")], "`mail_user` (nowhere): goes with `mail_password`"),
        (&[("mail_tls", "none"), ("mail_user", "roll"), ("mail_password", "planted")], "would be readable"),
    ] {
        let said_of = error(mailing(more));
        assert!(said_of.contains(said) && !said_of.contains("planted"), "{said_of}");
    }
}
