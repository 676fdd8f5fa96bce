//! The words of a mail. Plain text, so that it reads the same everywhere; names go into the body alone.

use crate::auth::link::Purpose;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use rollbook_domain::kernel::moment::Moment;

/// What a mail is made of.
pub(super) struct Letter<'a> {
    /// To whom, by name.
    pub(super) name: &'a str,
    /// The organization's name.
    pub(super) organization: &'a str,
    /// With which they sign in.
    pub(super) login: &'a str,
    /// What is asked of them.
    pub(super) purpose: Purpose,
    /// The address to open.
    pub(super) address: &'a str,
    /// Until when.
    pub(super) until: Moment,
}

impl Letter<'_> {
    /// The mail, ready to be sent.
    ///
    /// # Errors
    /// If it is none, such as to an address that no mail server would take.
    pub(super) fn message(&self, from: Mailbox, to: &str) -> Result<Message, String> {
        let to = to.parse().map_err(|_| "the address is none that mail can be sent to".to_owned())?;
        let message = Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .subject(self.subject())
            .header(ContentType::TEXT_PLAIN)
            .body(self.body());
        message.map_err(|error| error.to_string())
    }

    fn subject(&self) -> &'static str {
        match self.purpose {
            Purpose::Forgotten | Purpose::Reset => "Set a new password",
            Purpose::Invitation => "Set your password",
        }
    }

    fn body(&self) -> String {
        let Self { name, organization, login, address, .. } = self;
        let (why, else_) = match self.purpose {
            Purpose::Forgotten => (
                format!("somebody, probably you, said that you forgot your password at {organization}."),
                "If it was not you, do nothing: your password stays as it is.",
            ),
            Purpose::Reset => (
                format!("an administrator of {organization} asks you to set a new password."),
                "Until then nobody signs in as you.",
            ),
            Purpose::Invitation => (
                format!("an account was made for you at {organization}."),
                "Whoever has this mail can use the link, so do not pass it on.",
            ),
        };
        let until = minute(self.until);
        format!(
            "Hello {name},\n\n{why}\nYou sign in there as {login}.\n\nSet a password here:\n{address}\n\n\
             The link can be used once, until {until} UTC.\n{else_}\n"
        )
    }
}

/// `2026-05-03 09:30`.
fn minute(at: Moment) -> String {
    at.to_string().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_who_where_and_until_when_and_nothing_breaks_out_of_its_body() {
        let letter = Letter {
            name: "Zoë\r\nBcc: everybody@example.com",
            organization: "north",
            login: "zoe",
            purpose: Purpose::Forgotten,
            address: "https://rollbook.example.com/reset#rbl_1_2",
            until: Moment(1_777_800_600_000_000),
        };
        let message = letter.message("rollbook@example.com".parse().unwrap(), "zoe@example.com").unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("To: zoe@example.com\r\n") && !head.contains("Bcc"), "{head}");
        assert!(letter.body().contains("\nhttps://rollbook.example.com/reset#rbl_1_2\n"));
        assert!(letter.body().contains("until 2026-05-03 09:30 UTC."), "{}", letter.body());
        assert!(letter.message("rollbook@example.com".parse().unwrap(), "zoe@exa mple").is_err());
    }
}
