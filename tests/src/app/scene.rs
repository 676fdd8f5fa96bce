//! One of each kind of thing, and one of each that is archived, by name, so that examples can name them.

use super::Place;
use rollbook_domain::agent::command::{AgentCommand, AgentEdit};
use rollbook_domain::agent::state::Level;
use rollbook_domain::group::command::{GroupCommand, GroupEdit};
use rollbook_domain::kernel::context::Actor;
use rollbook_domain::kernel::id::{
    AgentId, GroupId, KeyId, Kind, ObjectId, ProfileId, QueueId, RoleId, UserId,
};
use rollbook_domain::key::command::{KeyCommand, KeyEdit};
use rollbook_domain::object::command::{ObjectCommand, ObjectEdit};
use rollbook_domain::organization::command::Command;
use rollbook_domain::permission::grant::{Grant, Grants, Scope};
use rollbook_domain::profile::command::{ProfileCommand, ProfileEdit};
use rollbook_domain::queue::command::{QueueCommand, QueueEdit};
use rollbook_domain::role::command::{RoleCommand, RoleEdit};
use rollbook_domain::user::avatar::{Avatar, Media};
use rollbook_domain::user::command::UserCommand;
use rollbook_ledger::deployment::Deployment;
use rollbook_ledger::store::Picture;
use sha2::{Digest as _, Sha256};

/// A PNG as far as anybody looks at it, `side` pixels wide and high.
#[must_use]
pub fn picture(side: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0", &[side][..], &[0, 0, 0, side, 8, 6, 0, 0, 0]].concat()
}

/// Gives the auditor a picture: its bytes are stored, and the command names it.
async fn portrait(place: &Place, deployment: &Deployment) -> Command {
    let (bytes, auditor) = (picture(1), UserId(place.id(Kind::User, "auditor")));
    let sha256 = Sha256::digest(&bytes).into();
    let avatar = Avatar { media: Media::Png, bytes: bytes.len(), sha256 };
    let kept = Picture { sha256, media_type: "image/png".to_owned(), bytes };
    let (organization, person) = (place.id.to_string(), auditor.to_string());
    let stored = deployment.store().put_picture(&organization, &person, &kept, 0).await;
    stored.expect("a picture is stored");
    Command::User(UserCommand::SetAvatar(auditor, Some(avatar)))
}

/// Puts in `place`: role `Helper`, profile `Billing`, key `VIP`, queue `Sales`, group `East` with its supervisor,
/// agent `Agent/7` in both, a picture of the auditor, skill `French`, an archived `Old …` of each, and the archived,
/// blocked users.
pub(super) async fn furnish(place: &Place, deployment: &Deployment) {
    let user = |login: &str| UserId(place.id(Kind::User, login));
    let mut commands = vec![
        Command::User(UserCommand::Block(user("blocked"))),
        Command::User(UserCommand::Archive(user("archived"))),
    ];
    for name in ["Helper", "Old role"] {
        commands.push(Command::Role(RoleCommand::Create(RoleEdit {
            name: Some(name.to_owned()),
            rank: Some(5),
            ..RoleEdit::default()
        })));
    }
    for name in ["Billing", "Old profile"] {
        let grants: Grants = vec![Grant::new("calls.process", Scope::All)].into();
        let edit =
            ProfileEdit { name: Some(name.to_owned()), grants: Some(grants), ..ProfileEdit::default() };
        commands.push(Command::Profile(ProfileCommand::Create(edit)));
    }
    for name in ["VIP", "OLDKEY"] {
        let edit = KeyEdit { name: Some(name.to_owned()), ..KeyEdit::default() };
        commands.push(Command::Key(KeyCommand::Create(edit)));
    }
    for name in ["Sales", "Old queue"] {
        let edit = QueueEdit {
            name: Some(name.to_owned()),
            agents: Some(vec![user("agent")]),
            ..QueueEdit::default()
        };
        commands.push(Command::Queue(QueueCommand::Create(edit)));
    }
    for name in ["East", "Old group"] {
        commands.push(Command::Group(GroupCommand::Create(GroupEdit {
            name: Some(name.to_owned()),
            members: Some(vec![user("agent"), user("ann")]),
            supervisors: Some(vec![user("supervisor")]),
            ..GroupEdit::default()
        })));
    }
    let owner = Actor::User(place.owner());
    place.submit(deployment, owner, Command::Many(commands), Vec::new()).await;
    let mut commands = vec![portrait(place, deployment).await];
    for code in ["Agent/7", "Old/agent"] {
        commands.push(Command::Agent(AgentCommand::Create(AgentEdit {
            code: Some(code.to_owned()),
            description: Some("Ida Seaton".to_owned()),
            group: Some(Some(GroupId(place.id(Kind::Group, "East")))),
            queues: Some([(QueueId(place.id(Kind::Queue, "Sales")), Level::Main)].into()),
            ..AgentEdit::default()
        })));
    }
    for (kind, name) in [("skill", "French"), ("tag", "Old tag")] {
        commands.push(Command::Object(ObjectCommand::Create(ObjectEdit {
            kind: Some(kind.to_owned()),
            name: Some(name.to_owned()),
            ..ObjectEdit::default()
        })));
    }
    place.submit(deployment, owner, Command::Many(commands), Vec::new()).await;
    let archive = vec![
        Command::Role(RoleCommand::Archive(RoleId(place.id(Kind::Role, "Old role")))),
        Command::Profile(ProfileCommand::Archive(ProfileId(place.id(Kind::Profile, "Old profile")))),
        Command::Key(KeyCommand::Archive(KeyId(place.id(Kind::Key, "OLDKEY")))),
        Command::Queue(QueueCommand::Archive(QueueId(place.id(Kind::Queue, "Old queue")))),
        Command::Group(GroupCommand::Archive(GroupId(place.id(Kind::Group, "Old group")))),
        Command::Agent(AgentCommand::Archive(AgentId(place.id(Kind::Agent, "Old/agent")))),
        Command::Object(ObjectCommand::Archive(ObjectId(place.id(Kind::Object, "tag:Old tag")))),
    ];
    place.submit(deployment, owner, Command::Many(archive), Vec::new()).await;
}
