//! The settings there are. `docs/OPERATIONS.md` shows this table; a test holds the two together.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name in a file; the environment variable is `ROLLBOOK_` and this in capitals.
    pub key: &'static str,
    /// What holds where no layer says otherwise.
    pub default: &'static str,
    /// Its unit and limits.
    pub limits: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Whether its value is never printed.
    pub secret: bool,
}

/// Every setting.
pub const KNOWN: [Known; 16] = [
    plain(
        "data",
        "rollbook-data",
        "a folder",
        "Folder of the embedded SQLite database; excludes `database_url`",
    ),
    Known {
        key: "database_url",
        default: "",
        limits: "a postgres:// URL",
        about: "PostgreSQL instead of SQLite; excludes `data`",
        secret: true,
    },
    plain(
        "connections",
        "16",
        "connections, 2 to 1,000",
        "Most connections to PostgreSQL; SQLite ignores it",
    ),
    plain("listen", "127.0.0.1:8080", "address:port", "Where `serve` listens; port 0 takes a free one"),
    plain(
        "secure_cookies",
        "false",
        "true or false",
        "Cookies only over TLS: set it where a proxy in front speaks TLS",
    ),
    plain("behind_proxy", "false", "true or false", "Believe the last `X-Forwarded-For` entry, the proxy's"),
    plain("hashes_at_once", "4", "hashes, 1 to 64", "Password hashes at a time, 19 MiB of memory each"),
    plain(
        "organizations_mib",
        "512",
        "MiB, 0 to 1,048,576",
        "Memory of open organizations, estimated; beyond it those leave that were idle for longest, at least 5 minutes",
    ),
    plain(
        "public_url",
        "",
        "an http:// or https:// URL",
        "Where people reach this service: what links in mails begin with; needed for `mail_server`",
    ),
    plain(
        "mail_server",
        "",
        "host:port",
        "SMTP server that mails are sent through; without one they wait (`rollbook outbox`)",
    ),
    plain(
        "mail_tls",
        "starttls",
        "starttls, tls or none",
        "TLS with the mail server: after STARTTLS, from the first byte, or none (a relay on this machine)",
    ),
    plain("mail_user", "", "a name", "As whom one signs in at the mail server; not without TLS"),
    Known {
        key: "mail_password",
        default: "",
        limits: "a text",
        about: "With which password; goes with `mail_user`",
        secret: true,
    },
    plain("mail_from", "", "an address, or Name <address>", "From whom mails are; needed for `mail_server`"),
    plain("log_format", "json", "json or text", "How log lines are written to standard error"),
    plain("log_level", "info", "a level, or target=level list", "error, warn, info, debug or trace"),
];

const fn plain(key: &'static str, default: &'static str, limits: &'static str, about: &'static str) -> Known {
    Known { key, default, limits, about, secret: false }
}

/// The setting of this name.
pub(super) fn find(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.key == key)
}
