//! What only rules made for a test can bring about, and what needs no database.

use super::task::off_by;
use super::{Submission, WriteError, Writer};
use crate::clock::Clock;
use crate::store::Store;
use rollbook_domain::kernel::context::{Actor, Channel, Context};
use rollbook_domain::kernel::id::OrganizationId;
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::organization::command::{Command, OrganizationCommand};
use rollbook_domain::organization::decide::{Accepted, decide};
use rollbook_domain::organization::rejection::Rejection;
use rollbook_domain::organization::state::Organization;
use uuid::Uuid;

fn panicking(before: &Organization, context: &Context, command: &Command) -> Result<Accepted, Rejection> {
    let rename = Command::Organization(OrganizationCommand::Rename { name: "panic".to_owned() });
    assert_ne!(*command, rename, "the rules have a fault");
    decide(before, context, command)
}

fn asks(n: u128, command: OrganizationCommand) -> Submission {
    let context = Context {
        actor: Actor::Operator,
        at: Moment(0),
        seed: [42; 32],
        reason: None,
        ticket: None,
        channel: Channel::Cli,
        ip: None,
        agent: None,
        session: None,
        request: None,
        command: Uuid::from_u128(n),
        cause: None,
        expects: None,
    };
    let command = Command::Organization(command);
    Submission { context, command, idempotency: None, credentials: Vec::new(), only_at: None }
}

fn rename(name: String) -> OrganizationCommand {
    OrganizationCommand::Rename { name }
}

#[tokio::test]
async fn a_panic_in_the_rules_costs_its_command_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&folder.path().join("ledger.db")).await.unwrap();
    store.migrate().await.unwrap();
    let id = OrganizationId(Uuid::from_u128(1));
    let writer = Writer::start_by(store, Clock::default(), id, 0, panicking).await.unwrap();
    let found = OrganizationCommand::Found {
        name: "North".to_owned(),
        catalog: "standard".to_owned(),
        owner_login: "owner".to_owned(),
        owner_name: "Owner".to_owned(),
        owner_email: None,
        password: None,
    };
    writer.submit(asks(1 << 64, found)).await.unwrap();
    let founded = writer.published().organization.position;

    let names = (2..12).map(|n| if n == 7 { "panic".to_owned() } else { format!("North {n}") });
    let asked = (2..).zip(names).map(|(n, name)| writer.submit(asks(n << 64, rename(name))));
    let answers = futures::future::join_all(asked).await;
    for (n, answer) in (2..).zip(answers) {
        match answer {
            Ok(_) => assert_ne!(n, 7),
            Err(WriteError::Panicked { incident }) => {
                assert_eq!((n, incident), (7, Uuid::from_u128(7 << 64)));
            }
            Err(error) => panic!("{error}"),
        }
    }
    let published = writer.published();
    assert_eq!(
        (published.organization.name.as_str(), published.organization.position),
        ("North 11", founded + 9)
    );
    assert!(!writer.has_stopped());
}

#[test]
fn a_clock_is_off_by_what_lies_between_it_and_the_server() {
    let (before, after) = (Moment(1_000_000), Moment(1_004_000));
    assert_eq!(off_by(before, 1_002_000, after), Ok(()));
    assert_eq!(off_by(before, 3_002_000, after), Ok(()));
    assert_eq!(off_by(before, 3_003_000, after), Err(2_001));
    assert_eq!(off_by(before, -999_000, after), Err(-2_001));
}
