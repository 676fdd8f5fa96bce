//! uContact: profiles of modules and actions, a custom profile, superusers, temporary users, hours and licences.

use super::tale::{Tale, all};
use crate::cli::Failure;
use crate::demo::cast::Person;
use crate::demo::folder::Login;
use rollbook_domain::organization::command::Command;
use rollbook_domain::queue::command::QueueEdit;
use rollbook_domain::queue::state::QueueKind;
use rollbook_domain::settings::state::{Setting, SettingValue};
use rollbook_domain::user::command::UserCommand;
use rollbook_domain::user::window::{BadWord, Hours, LoginWindow, Span};

pub(super) const SUPERUSER: Person = ("valentina", "Valentina Suárez");
const ADMINISTRATOR: Person = ("joaquin", "Joaquín Méndez");
const SUPERVISOR: Person = ("lucas", "Lucas Pereyra");
const AGENTS: [Person; 4] = [
    ("agustina", "Agustina Ríos"),
    ("bruno", "Bruno Acosta"),
    ("camila", "Camila Techera"),
    ("diego", "Diego Olivera"),
];
/// Who came later.
const LATER: [Person; 9] = [
    ("emilia", "Emilia Batista"),
    ("facundo", "Facundo Sosa"),
    ("gimena", "Gimena Cabrera"),
    ("hugo", "Hugo Lemos"),
    ("ignacio", "Ignacio Bentancor"),
    ("julieta", "Julieta Ferrari"),
    ("karina", "Karina Umpiérrez"),
    ("martin", "Martín Olmos"),
    ("natalia", "Natalia Viera"),
];
const TEMPORARY: Person = ("florencia", "Florencia Vidal");

const USERS: [&str; 3] = ["users.access_to_users", "users.create_users", "users.update_users"];
const CAMPAIGNS: [&str; 4] =
    ["campaigns.access", "campaigns.update", "campaigns.status", "campaigns.contacts"];

pub(super) async fn play(tale: &Tale<'_>) -> Result<(Vec<Login>, &'static str), Failure> {
    tale.set(SUPERUSER, "As bought", &[(Setting::Licences, SettingValue::Number(25))]).await?;
    tale.add_profile(SUPERUSER, "Users", "Adds and changes users", all(&USERS)).await?;
    tale.add_profile(SUPERUSER, "Campaigns", "Runs campaigns", all(&CAMPAIGNS)).await?;
    let administrator = tale.hire_known(SUPERUSER, ADMINISTRATOR, "Administrator", Some("Users")).await?;
    tale.hire(SUPERUSER, SUPERVISOR, "Supervisor", Some("Campaigns")).await?;
    for person in AGENTS {
        tale.hire(ADMINISTRATOR, person, "Agent", None).await?;
    }
    let agents = tale.users(&AGENTS)?;
    let campaign =
        QueueEdit { kind: Some(QueueKind::Campaign), agents: Some(agents), ..QueueEdit::default() };
    tale.add_queue(SUPERUSER, "Spring", campaign).await?;
    months(tale).await?;
    tale.last_tuesday();
    let mut wide = CAMPAIGNS.to_vec();
    wide.extend(["campaigns.export", "campaigns.delete"]);
    tale.edit_profile(SUPERUSER, "Figures for the client", "Campaigns", all(&wide)).await?;
    Ok((vec![administrator], "since Tuesday the profile Campaigns may export and delete campaigns"))
}

async fn months(tale: &Tale<'_>) -> Result<(), Failure> {
    tale.days_ago(66);
    tale.hire(SUPERUSER, TEMPORARY, "Agent", None).await?;
    let until = LoginWindow { from: Some(tale.midnight(66)), until: Some(tale.midnight(5)), hours: None };
    let window = UserCommand::SetLoginWindow(tale.user(TEMPORARY)?, Some(until));
    tale.act(SUPERUSER, "Help for the season", Command::User(window)).await?;
    tale.newcomers(ADMINISTRATOR, 64, &LATER[..4], ("Agent", None)).await?;
    tale.days_ago(48);
    let (agent, hours) = (tale.user(AGENTS[1])?, office_hours()?);
    let window = UserCommand::SetLoginWindow(agent, Some(hours));
    tale.act(SUPERUSER, "Part time", Command::User(window)).await?;
    tale.newcomers(ADMINISTRATOR, 46, &LATER[4..7], ("Agent", None)).await?;
    tale.days_ago(36);
    tale.leaves(SUPERUSER, LATER[2]).await?;
    let own =
        UserCommand::SetCustomProfile(tale.user(AGENTS[2])?, Some(all(&["forms.access", "forms.update"])));
    tale.act(SUPERUSER, "Keeps the survey up to date", Command::User(own)).await?;
    tale.newcomers(ADMINISTRATOR, 30, &LATER[7..], ("Agent", None)).await?;
    tale.days_ago(22);
    let superuser =
        |is| Ok::<_, Failure>(Command::User(UserCommand::SetSuperuser(tale.user(SUPERVISOR)?, is)));
    tale.act(SUPERUSER, "Stands in during the holidays", superuser(true)?).await?;
    tale.days_ago(9);
    tale.act(SUPERUSER, "Holidays are over", superuser(false)?).await
}

/// Monday to Thursday, mornings in Montevideo.
fn office_hours() -> Result<LoginWindow, Failure> {
    let hours = || -> Result<Hours, BadWord> {
        let (from, until) = ("08:00".parse()?, "13:00".parse()?);
        let days = ["monday", "tuesday", "wednesday", "thursday"].into_iter();
        let week =
            days.map(|day| Ok(Span { day: day.parse()?, from, until })).collect::<Result<_, BadWord>>()?;
        Ok(Hours { time_zone: "America/Montevideo".parse()?, week })
    };
    let hours = hours().map_err(|error| Failure::Found(format!("the demonstration's hours: {error}")))?;
    Ok(LoginWindow { from: None, until: None, hours: Some(hours) })
}
