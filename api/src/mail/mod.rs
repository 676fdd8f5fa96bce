//! Mails: what they say, and how what waits in the outbox is sent.
//!
//! A request never waits for a mail server. What is to be sent is a row first, and goes at least once: a process that ends
//! between sending a mail and forgetting it sends it again.

mod letter;
mod sending;

use crate::config::{MailSettings, MailTls};
use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use std::fmt;
use std::time::Duration;

pub use sending::sending;

/// Longest a mail server may take for one step.
const STEP_TIME_MAX: Duration = Duration::from_secs(10);
/// Most connections to the mail server.
const CONNECTIONS_MAX: u32 = 2;

/// The mail server, and as whom mails are sent. Clones share connections.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    /// Leaves out what it signs in with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}

impl Mailer {
    /// As the settings say. Connects only when there is something to send.
    ///
    /// # Errors
    /// What is wrong with the server's name, where it must have a certificate.
    pub fn new(settings: &MailSettings) -> Result<Self, String> {
        let parameters = || TlsParameters::new(settings.host.clone());
        let tls = match settings.tls {
            MailTls::None => Ok(Tls::None),
            MailTls::Starttls => parameters().map(Tls::Required),
            MailTls::Tls => parameters().map(Tls::Wrapper),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.clone())
            .port(settings.port)
            .tls(tls.map_err(|error| format!("mail_server: {error}"))?)
            .timeout(Some(STEP_TIME_MAX))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX));
        let sign_in = settings.sign_in.clone();
        let builder = match sign_in {
            Some((user, password)) => builder.credentials(Credentials::new(user, password.0)),
            None => builder,
        };
        Ok(Self { transport: builder.build(), from: settings.from.clone() })
    }
}
