//! The settings of mails. Half of them is refused: a mail that could not be sent, or a link that leads nowhere, would be
//! noticed only by whoever waits for it.

use super::ConfigError;
use super::read::Reader;
use lettre::message::Mailbox;
use std::fmt;

/// The mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS with it.
    pub tls: MailTls,
    /// User and password there, if one signs in.
    pub sign_in: Option<(String, Redacted)>,
    /// From whom mails are.
    pub from: Mailbox,
}

/// TLS with the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// After STARTTLS, which it must offer.
    Starttls,
    /// From the first byte.
    Tls,
    /// None.
    None,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Redacted(pub String);

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Where people reach this service, if it is said.
pub(super) fn public_url(reader: &Reader<'_>) -> Result<Option<String>, ConfigError> {
    let text = reader.text("public_url")?;
    let text = text.trim_end_matches('/');
    if text.is_empty() {
        return Ok(None);
    }
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let is_plain =
        host.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '#' | '?' | '@' | '"' | '<' | '>'));
    if host.is_empty() || !is_plain {
        let wanted = "is a URL such as https://rollbook.example.com, without user, ? or #";
        return Err(reader.wrong("public_url", wanted));
    }
    Ok(Some(text.to_owned()))
}

/// The mail server, if there is one.
pub(super) fn settings(reader: &Reader<'_>) -> Result<Option<MailSettings>, ConfigError> {
    let server = reader.text("mail_server")?;
    if server.is_empty() {
        return Ok(None);
    }
    let tls = match reader.text("mail_tls")?.as_str() {
        "starttls" => MailTls::Starttls,
        "tls" => MailTls::Tls,
        "none" => MailTls::None,
        _ => return Err(reader.wrong("mail_tls", "is starttls, tls or none")),
    };
    let host_and_port = server.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let Some((host, port)) = host_and_port.filter(|(host, port)| !host.is_empty() && *port > 0) else {
        return Err(reader.wrong("mail_server", "is a host and a port, as in smtp.example.com:587"));
    };
    let from = reader.text("mail_from")?.parse();
    let from = from.map_err(|_| reader.wrong("mail_from", "is an address, or Name <address>"))?;
    if public_url(reader)?.is_none() {
        return Err(
            reader.wrong("public_url", "is needed for the links in mails, since `mail_server` is set")
        );
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Some(MailSettings { host, port, tls, sign_in: sign_in(reader, tls)?, from }))
}

fn sign_in(reader: &Reader<'_>, tls: MailTls) -> Result<Option<(String, Redacted)>, ConfigError> {
    let (user, password) = (reader.text("mail_user")?, reader.text("mail_password")?);
    match (user.is_empty(), password.is_empty(), tls) {
        (true, true, _) => Ok(None),
        (false, false, MailTls::None) => Err(reader.wrong(
            "mail_tls",
            "is starttls or tls where `mail_user` is set: the password would be readable",
        )),
        (false, false, _) => Ok(Some((user, Redacted(password)))),
        (true, false, _) => Err(reader.wrong("mail_user", "goes with `mail_password`")),
        (false, true, _) => Err(reader.wrong("mail_password", "goes with `mail_user`")),
    }
}
