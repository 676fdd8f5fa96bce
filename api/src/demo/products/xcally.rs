//! XCALLY Motion: admins, and users of whom each has a profile; queues per channel; the security suite.

use super::tale::{Tale, all};
use crate::cli::Failure;
use crate::demo::cast::Person;
use crate::demo::folder::Login;
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::queue::command::QueueEdit;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::UserCommand;
use std::collections::BTreeMap;

pub(super) const ADMIN: Person = ("admin", "Ruth Okonkwo");
const SECOND: Person = ("t.vargas", "Tomás Vargas");
const VOICE: [Person; 3] =
    [("m.jansen", "Mila Jansen"), ("r.cohen", "Ronit Cohen"), ("p.iyer", "Prakash Iyer")];
/// Who came later.
const LATER: [Person; 10] = [
    ("a.berg", "Agnes Berg"),
    ("c.ruiz", "Clara Ruiz"),
    ("d.osei", "Daniel Osei"),
    ("f.kim", "Kim Soo-ah"),
    ("h.lund", "Hedda Lund"),
    ("i.marin", "Ioana Marin"),
    ("j.pires", "Joel Pires"),
    ("k.sharma", "Kavita Sharma"),
    ("l.fabre", "Luc Fabre"),
    ("o.haas", "Oskar Haas"),
];
const CHAT: [Person; 2] = [("n.costa", "Nuno Costa"), ("w.abebe", "Wubit Abebe")];

pub(super) async fn play(tale: &Tale<'_>) -> Result<(Vec<Login>, &'static str), Failure> {
    for name in ["Hotline", "Orders", "Web chat", "Mailbox"] {
        tale.add_queue(ADMIN, name, QueueEdit::default()).await?;
    }
    let voice = voice(tale, &["Hotline"])?;
    tale.add_profile(ADMIN, "Voice supervisor", "Sees the hotline", voice).await?;
    let chat = listed(tale, "chat", &["chat_queues.read", "chat_realtime.read"], &["Web chat"])?;
    tale.add_profile(ADMIN, "Chat supervisor", "Sees the web chat", chat).await?;
    tale.hire(ADMIN, SECOND, "Admin", None).await?;
    for (people, profile) in [(&VOICE[..], "Voice supervisor"), (&CHAT[..], "Chat supervisor")] {
        for person in people {
            tale.hire(ADMIN, *person, "User", Some(profile)).await?;
        }
    }
    months(tale).await?;
    tale.days_ago(12);
    let people =
        vec![tale.password(ADMIN, "founder", ADMIN).await?, tale.password(ADMIN, "user", VOICE[0]).await?];
    tale.last_tuesday();
    let mut grants: Vec<Grant> = self::voice(tale, &["Hotline", "Orders"])?.iter().cloned().collect();
    grants.extend(all(&["voice_interactions.delete", "contact_lists.delete"]).iter().cloned());
    tale.edit_profile(SECOND, "Cleans up old recordings", "Voice supervisor", grants.into()).await?;
    Ok((people, "since Tuesday the profile Voice supervisor may delete interactions and contact lists"))
}

async fn months(tale: &Tale<'_>) -> Result<(), Failure> {
    tale.days_ago(75);
    let suite = [
        (Setting::SecuritySuite, SettingValue::Flag(true)),
        (Setting::SignInAttemptsMax, SettingValue::Number(5)),
    ];
    tale.set(ADMIN, "As the insurer asks", &suite).await?;
    tale.newcomers(SECOND, 73, &LATER[..4], ("User", Some("Voice supervisor"))).await?;
    tale.days_ago(57);
    tale.edit_profile(
        ADMIN,
        "Orders belong to the hotline now",
        "Voice supervisor",
        voice(tale, &["Hotline", "Orders"])?,
    )
    .await?;
    tale.newcomers(SECOND, 54, &LATER[4..7], ("User", Some("Chat supervisor"))).await?;
    tale.leaves(ADMIN, LATER[1]).await?;
    tale.days_ago(40);
    let mut grants: Vec<Grant> =
        listed(tale, "chat", &["chat_queues.read", "chat_realtime.read"], &["Web chat"])?
            .iter()
            .cloned()
            .collect();
    grants.extend(
        listed(tale, "mail", &["mail_queues.read", "mail_realtime.read"], &["Mailbox"])?.iter().cloned(),
    );
    tale.edit_profile(SECOND, "Chat answers the mails too", "Chat supervisor", grants.into()).await?;
    tale.newcomers(SECOND, 38, &LATER[7..], ("User", Some("Voice supervisor"))).await?;
    tale.days_ago(29);
    tale.leaves(SECOND, LATER[5]).await?;
    let block = Command::User(UserCommand::Block(tale.user(VOICE[2])?));
    tale.act(SECOND, "On leave", block).await?;
    tale.days_ago(15);
    let back = Command::User(UserCommand::Unblock(tale.user(VOICE[2])?));
    tale.act(SECOND, "Back from leave", back).await?;
    let moved = UserCommand::AssignProfile(tale.user(VOICE[1])?, Some(tale.profile("Chat supervisor")?));
    tale.act(SECOND, "Moves to chat", Command::User(moved)).await
}

/// What a voice supervisor may do, over these queues.
fn voice(tale: &Tale<'_>, queues: &[&str]) -> Result<Grants, Failure> {
    listed(tale, "voice", &["voice_queues.read", "voice_realtime.read", "voice_interactions.read"], queues)
}

/// Grants over listed queues of one channel.
fn listed(tale: &Tale<'_>, channel: &str, names: &[&str], queues: &[&str]) -> Result<Grants, Failure> {
    let queues: std::collections::BTreeSet<_> = tale.queues(queues)?.into_iter().collect();
    let grant = |name: &&str| Grant {
        queues: BTreeMap::from([(channel.into(), queues.clone())]),
        ..Grant::new(name, Scope::Queues)
    };
    Ok(names.iter().map(grant).collect())
}
