//! Every cell of Voximplant Kit's permission table, read from the acceptance file and asked of the resolver.
//!
//! The oracle here knows the file's words and the relations it built itself; it shares no code with the resolver.

use super::csv_fields;
use super::world::World;
use crate::kernel::id::{QueueId, RoleId, Subject, UserId};
use crate::permission::catalog::Catalog;
use crate::permission::facts::{Facts, Target, Targets};
use crate::queue::state::Supervision;
use crate::user::state::Status;
use std::collections::BTreeSet;
use std::sync::Arc;

const TABLE: &str = include_str!("../../../tests/fixtures/voximplant_permissions.csv");
const ROLES: [&str; 5] = ["owner", "administrator", "manager", "supervisor", "agent"];
/// Every word a cell may hold; another one fails the test instead of going unnoticed.
const SCOPES: [&str; 9] =
    ["all", "lower", "managed", "assigned", "assigned:editor", "group", "own", "unassigned", "bot"];

/// One row: a function on one kind of target.
struct Row {
    permission: String,
    kinds: Vec<String>,
    cells: Vec<String>,
    /// Role, what is in brackets, limit word, values.
    limits: Vec<(String, Option<String>, String, Vec<String>)>,
}

fn rows() -> Vec<Row> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).map(row).collect()
}

fn row(line: &str) -> Row {
    let fields = csv_fields(line);
    let [section, function, target, ..] = fields.as_slice() else { panic!("{line}") };
    Row {
        permission: format!("{}.{}", slug(section), slug(function)),
        kinds: target.split('+').map(str::to_owned).collect(),
        cells: fields[3..8].to_vec(),
        limits: fields[8].split('|').filter(|text| !text.trim().is_empty()).map(limit).collect(),
    }
}

/// `role[bracket]: word values`.
fn limit(text: &str) -> (String, Option<String>, String, Vec<String>) {
    // `assigned:editor` never stands in brackets, so the first `: ` ends the head.
    let (head, body) = text.trim().split_once(": ").unwrap();
    let (role, bracket) = match head.split_once('[') {
        Some((role, bracket)) => (role, Some(bracket.trim_end_matches(']').to_owned())),
        None => (head, None),
    };
    let (word, values) = body.split_once(' ').unwrap();
    let values = match word {
        "if" | "unless" => vec![values.to_owned()],
        "fields" | "actions" | "sections" | "parts" | "without_parts" => {
            values.split_whitespace().map(str::to_owned).collect()
        }
        other => panic!("unknown limit word `{other}`"),
    };
    (role.to_owned(), bracket, word.to_owned(), values)
}

/// Design §6: lower case, apostrophes dropped, other runs of non-alphanumerics as `_`.
fn slug(text: &str) -> String {
    let text = text.to_lowercase().replace(['\'', '’'], "");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// Something to ask about, and the scopes that reach it besides `all`.
#[derive(Clone, Debug, Default)]
struct Case {
    targets: Targets,
    facts: Facts,
    reached_by: Vec<&'static str>,
    /// Of another organization: nothing reaches it, not even `all`.
    foreign: bool,
    active: Option<bool>,
    is_administrator: bool,
}

impl Case {
    fn of(subject: Subject, reached_by: &[&'static str]) -> Self {
        Self { targets: Targets::of(subject), reached_by: reached_by.to_vec(), ..Self::default() }
    }

    fn user(id: UserId, reached_by: &[&'static str]) -> Self {
        Self { active: Some(true), ..Self::of(id.subject(), reached_by) }
    }

    fn talk(facts: Facts, reached_by: &[&'static str]) -> Self {
        let targets = Targets::of(Target::Conversation);
        Self { targets, facts, reached_by: reached_by.to_vec(), ..Self::default() }
    }

    fn foreign(mut self) -> Self {
        self.foreign = true;
        self
    }

    /// Both cases in one question: reached by what reaches both.
    fn and(&self, other: &Self, join: impl Fn(&mut Targets, &Targets)) -> Self {
        let mut both = self.clone();
        join(&mut both.targets, &other.targets);
        both.reached_by.retain(|scope| other.reached_by.contains(scope));
        both.foreign |= other.foreign;
        both
    }
}

/// An asker with one of everything around them.
struct Scene {
    world: World,
    asker: UserId,
    users: Vec<Case>,
    roles: Vec<Case>,
    groups: Vec<Case>,
    queues: Vec<Case>,
    talks: Vec<Case>,
}

impl Scene {
    fn new(slug: &str) -> Self {
        let catalog = Catalog::newest("voximplant").unwrap();
        let mut world = World::founded(catalog, 1);
        let mut other = World::founded(catalog, 2);
        let asker = world.user("asker", world.built_in(slug));
        let mut scene = Self {
            world,
            asker,
            users: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            queues: Vec::new(),
            talks: Vec::new(),
        };
        scene.people(slug);
        scene.places();
        scene.talks();
        scene.foreigners(&mut other);
        scene
    }

    fn owner(&mut self, login: &str) -> UserId {
        let role = self.world.built_in("owner");
        self.world.user(login, role)
    }

    fn people(&mut self, slug: &str) {
        let trainee = self.world.role("Trainee", 1, [].into_iter().collect());
        let junior = self.world.user("junior", trainee);
        let own = self.world.built_in(slug);
        let peer = self.world.user("peer", own);
        let administrator = self.world.user("administrator", self.world.built_in("administrator"));
        self.users.push(Case::user(junior, &["lower"]));
        self.users.push(Case { is_administrator: slug == "administrator", ..Case::user(peer, &[]) });
        // Only the owner's `transfer ownership` asks for an administrator; nobody else's rank matters there.
        let reached: &[&str] = if slug == "owner" { &["lower"] } else { &[] };
        self.users.push(Case { is_administrator: true, ..Case::user(administrator, reached) });
        let stranger = self.owner("stranger");
        self.users.push(Case::user(stranger, &[]));
        for (id, reached) in [(trainee, &["lower"][..]), (own, &[]), (self.world.built_in("owner"), &[])] {
            self.roles.push(Case::of(id.subject(), reached));
        }
    }

    /// Groups and queues, and the people in them: all owners, so that no rank lets anybody reach them.
    fn places(&mut self) {
        let (managed, blocked, mate) = (self.owner("managed"), self.owner("blocked"), self.owner("mate"));
        self.world.status(blocked, Status::Blocked);
        let supervised = self.world.group("supervised", &[managed, blocked], &[self.asker]);
        let own = self.world.group("own", &[self.asker, mate], &[]);
        let elsewhere = self.world.group("elsewhere", &[], &[]);
        let lost = self.owner("lost");
        let shut = self.world.group("shut", &[self.asker, lost], &[self.asker]);
        self.world.archive_group(shut);
        self.users.push(Case::user(managed, &["managed"]));
        self.users.push(Case { active: Some(false), ..Case::user(blocked, &["managed"]) });
        self.users.push(Case::user(mate, &["group"]));
        self.users.push(Case::user(lost, &[]));
        for (id, reached) in
            [(supervised, &["managed"][..]), (own, &["group"]), (elsewhere, &[]), (shut, &[])]
        {
            self.groups.push(Case::of(id.subject(), reached));
        }
        let (colleague, moved, gone) = (self.owner("colleague"), self.owner("moved"), self.owner("gone"));
        let viewed = self.world.queue("viewed", None, &[colleague]);
        let edited = self.world.queue("edited", None, &[moved]);
        let served = self.world.queue("served", None, &[self.asker]);
        let unknown = self.world.queue("unknown", None, &[]);
        let closed = self.world.queue("closed", None, &[gone]);
        self.world.supervise(viewed, self.asker, Supervision::Viewer);
        self.world.supervise(edited, self.asker, Supervision::Editor);
        self.world.supervise(closed, self.asker, Supervision::Editor);
        self.world.archive_queue(closed);
        self.users.push(Case::user(colleague, &["assigned"]));
        self.users.push(Case::user(moved, &["assigned", "assigned:editor"]));
        self.users.push(Case::user(gone, &[]));
        self.users.push(Case::user(self.asker, &["own", "group", "assigned"]));
        for (id, reached) in [
            (viewed, &["assigned"][..]),
            (edited, &["assigned", "assigned:editor"]),
            (served, &["assigned"]),
            (unknown, &[]),
            (closed, &[]),
        ] {
            self.queues.push(Case::of(id.subject(), reached));
        }
    }

    fn talks(&mut self) {
        for case in self.users.clone() {
            let Some(Target::Entity(subject)) = case.targets.subject else { panic!() };
            let facts = Facts { agent: Some(UserId(subject.id)), ..Facts::default() };
            let reached: Vec<_> = case.reached_by.into_iter().filter(|scope| *scope != "lower").collect();
            self.talks.push(Case::talk(facts, &reached));
        }
        for case in self.queues.clone() {
            let Some(Target::Entity(subject)) = case.targets.subject else { panic!() };
            let facts = Facts { queue: Some(QueueId(subject.id)), ..Facts::default() };
            self.talks.push(Case::talk(facts, &case.reached_by));
        }
        self.talks.push(Case::talk(Facts { unassigned: Some(true), ..Facts::default() }, &["unassigned"]));
        self.talks.push(Case::talk(Facts { bot: Some(true), ..Facts::default() }, &["bot"]));
        self.talks.push(Case::talk(Facts::default(), &[]));
    }

    fn foreigners(&mut self, other: &mut World) {
        let role = other.built_in("agent");
        let user = other.user("foreign", role);
        let group = other.group("foreign", &[user], &[]);
        let queue = other.queue("foreign", None, &[user]);
        self.users.push(Case::user(user, &[]).foreign());
        let entity = |subject| Case::of(subject, &[]).foreign();
        self.roles.push(entity(role.subject()));
        self.groups.push(entity(group.subject()));
        self.queues.push(entity(queue.subject()));
        for facts in [
            Facts { agent: Some(user), ..Facts::default() },
            Facts { queue: Some(queue), ..Facts::default() },
            Facts { group: Some(group), ..Facts::default() },
        ] {
            self.talks.push(Case::talk(facts, &[]).foreign());
        }
    }

    fn cases(&self, kinds: &[String]) -> Vec<Case> {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let pairs = |ones: &[Case], others: &[Case], join: fn(&mut Targets, &Targets)| -> Vec<Case> {
            ones.iter().flat_map(|one| others.iter().map(move |other| one.and(other, join))).collect()
        };
        match kinds.as_slice() {
            ["user"] => self.users.clone(),
            ["role"] => self.roles.clone(),
            ["group"] => self.groups.clone(),
            ["queue"] => self.queues.clone(),
            ["conversation"] => self.talks.clone(),
            ["setting"] => vec![Case { targets: Targets::of(Target::Setting(None)), ..Case::default() }],
            ["user", "role"] => pairs(&self.users, &self.roles, |both, role| both.role = Some(role_in(role))),
            ["user", "queue"] => pairs(&self.users, &self.queues, |both, to| both.to = Some(queue_in(to))),
            ["user", "queue", "queue"] => {
                let from = pairs(&self.users, &self.queues, |both, q| both.from = Some(queue_in(q)));
                pairs(&from, &self.queues, |both, q| both.to = Some(queue_in(q)))
            }
            other => panic!("unknown kinds {other:?}"),
        }
    }
}

fn role_in(targets: &Targets) -> RoleId {
    let Some(Target::Entity(subject)) = targets.subject else { panic!() };
    RoleId(subject.id)
}

fn queue_in(targets: &Targets) -> QueueId {
    let Some(Target::Entity(subject)) = targets.subject else { panic!() };
    QueueId(subject.id)
}

/// Facts that each limit word can tell apart, `None` among them; only for the words that the row uses.
fn variants(row: &Row) -> Vec<Facts> {
    let uses = |word: &str, value: &str| {
        row.limits.iter().any(|(.., limit, values)| {
            limit == word && (value.is_empty() || values.iter().any(|v| v == value))
        })
    };
    let by_action = uses("actions", "")
        || row.limits.iter().any(|(_, bracket, ..)| bracket.as_deref().is_some_and(is_action));
    let mut all = vec![Facts::default()];
    if uses("fields", "") {
        all = vary(
            &all,
            &["", "skills", "email", "avatar", "max_chats", "role", "skills email"],
            |facts, word| {
                facts.fields = word.split_whitespace().map(Arc::from).collect();
            },
        );
    }
    if by_action {
        all = vary(&all, &["", "create", "edit", "delete", "create_sms"], |facts, word| {
            facts.action = text(word);
        });
    }
    if uses("sections", "") {
        all = vary(&all, &["", "dialing", "statuses"], |facts, word| facts.section = text(word));
    }
    if uses("parts", "") || uses("without_parts", "") {
        let parts = ["", "general_statistics", "billing", "details", "recording", "summary"];
        all = vary(&all, &parts, |facts, word| facts.part = text(word));
    }
    let flag = |word: &str| match word {
        "" => None,
        word => Some(word == "yes"),
    };
    for (word, set) in [
        ("in_use", (|facts, is| facts.in_use = is) as fn(&mut Facts, Option<bool>)),
        ("missed_in_scenario", |facts, is| facts.missed_in_scenario = is),
        ("function_or_api_token", |facts, is| facts.function_or_api_token = is),
    ] {
        if uses("unless", word) || uses("if", word) {
            all = vary(&all, &["", "yes", "no"], |facts, word| set(facts, flag(word)));
        }
    }
    all
}

fn text(word: &str) -> Option<Arc<str>> {
    (!word.is_empty()).then(|| word.into())
}

fn vary(all: &[Facts], words: &[&str], set: impl Fn(&mut Facts, &str)) -> Vec<Facts> {
    let mut varied = Vec::new();
    for facts in all {
        for word in words {
            let mut facts = facts.clone();
            set(&mut facts, word);
            varied.push(facts);
        }
    }
    varied
}

fn is_action(bracket: &str) -> bool {
    !SCOPES.contains(&bracket)
}

/// What the table says: some scope of the cell reaches the case, and the limits of that scope are met.
fn expected(row: &Row, role: usize, case: &Case, facts: &Facts) -> bool {
    let scopes = row.cells[role].split('+').filter(|scope| *scope != "none");
    !case.foreign
        && scopes.into_iter().any(|scope| {
            (scope == "all" || case.reached_by.contains(&scope))
                && within(row, ROLES[role], scope, case, facts)
        })
}

fn within(row: &Row, role: &str, scope: &str, case: &Case, facts: &Facts) -> bool {
    let mine: Vec<_> = row.limits.iter().filter(|(whose, ..)| whose == role).collect();
    let by_action = mine.iter().any(|(_, bracket, ..)| bracket.as_deref().is_some_and(is_action));
    let listed = mine.iter().any(|(.., word, _)| word == "actions");
    // An action in brackets parts the cell by action, so the action must be said: create, edit or the one in brackets.
    let action = facts.action.as_deref();
    if by_action && !listed && !matches!(action, Some("create" | "edit" | "delete")) {
        return false;
    }
    mine.into_iter().all(|(_, bracket, word, values)| {
        let applies = bracket.as_deref().is_none_or(|b| b == scope || action == Some(b));
        !applies || meets(word, values, case, facts)
    })
}

fn meets(word: &str, values: &[String], case: &Case, facts: &Facts) -> bool {
    let lists = |fact: &Option<Arc<str>>| fact.as_deref().map(|fact| values.iter().any(|v| v == fact));
    match word {
        "fields" => {
            !facts.fields.is_empty() && facts.fields.iter().all(|field| values.iter().any(|v| **v == **field))
        }
        "actions" => lists(&facts.action) == Some(true),
        "sections" => lists(&facts.section) == Some(true),
        "parts" => lists(&facts.part) == Some(true),
        "without_parts" => lists(&facts.part) == Some(false),
        "if" => flag(&values[0], case, facts) == Some(true),
        "unless" => flag(&values[0], case, facts) == Some(false),
        other => panic!("unknown limit word `{other}`"),
    }
}

fn flag(word: &str, case: &Case, facts: &Facts) -> Option<bool> {
    match word {
        "active" => case.active,
        "role_is administrator" => Some(case.is_administrator),
        "in_use" => facts.in_use,
        "missed_in_scenario" => facts.missed_in_scenario,
        "function_or_api_token" => facts.function_or_api_token,
        other => panic!("unknown fact `{other}`"),
    }
}

/// The facts of the limits, on top of those that describe the case.
fn joined(case: &Case, facts: &Facts) -> Facts {
    let Facts { agent, queue, group, bot, unassigned, .. } = case.facts.clone();
    Facts { agent, queue, group, bot, unassigned, ..facts.clone() }
}

#[test]
fn every_cell_of_the_table_holds() {
    let mut cells = 0;
    for (index, slug) in ROLES.into_iter().enumerate() {
        let scene = Scene::new(slug);
        for row in rows() {
            let cell = &row.cells[index];
            assert!(cell == "none" || cell.split('+').all(|scope| SCOPES.contains(&scope)), "{cell}");
            check_cell(&scene, &row, index);
            cells += 1;
        }
    }
    assert_eq!(cells, rows().len() * 5);
    assert_eq!(rows().len(), 46, "rows of the acceptance table");
}

fn check_cell(scene: &Scene, row: &Row, role: usize) {
    let cell = &row.cells[role];
    let (mut reached, mut refused) = (BTreeSet::new(), 0);
    for case in &scene.cases(&row.kinds) {
        for facts in variants(row) {
            let facts = joined(case, &facts);
            let wanted = expected(row, role, case, &facts);
            let got = scene.world.decide(scene.asker, &row.permission, &case.targets, &facts);
            let about = format!("{} for {} ({cell})", row.permission, ROLES[role]);
            assert_eq!(got.allowed, wanted, "{about}: {case:?} {facts:?} {:?}", got.reasons);
            if wanted {
                let words: Vec<&str> = if cell == "all" { vec!["all"] } else { case.reached_by.clone() };
                reached.extend(words.into_iter().filter(|word| cell.split('+').any(|scope| scope == *word)));
            } else if !case.foreign {
                refused += 1;
            }
        }
    }
    let words: BTreeSet<&str> = cell.split('+').filter(|word| *word != "none").collect();
    assert_eq!(reached, words, "{}: a scope of {} was never seen to allow", row.permission, ROLES[role]);
    assert!(cell == "all" || refused > 0, "{}: nothing was refused to {}", row.permission, ROLES[role]);
}

#[test]
fn every_row_of_the_table_is_a_permission_marked_seed() {
    let catalog = Catalog::newest("voximplant").unwrap();
    for row in rows() {
        let permission = catalog.permission(&row.permission).unwrap();
        assert_eq!(permission.origin, crate::permission::catalog::Origin::Seed);
        let kinds: Vec<_> = permission.targets.iter().map(|kind| kind.word()).collect();
        assert_eq!(kinds, row.kinds, "{}", row.permission);
    }
}
