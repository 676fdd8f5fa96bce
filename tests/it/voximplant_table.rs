//! Every cell of Voximplant Kit's permission table, asked of `POST /check/bulk` over people, groups and queues that were
//! made through the API too.
//!
//! What a cell wants is read from the acceptance file here, apart from the resolver and from the domain's own test of
//! the same table, which crosses more facts.

use crate::products_world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const TABLE: &str = include_str!("../../domain/tests/fixtures/voximplant_permissions.csv");
const ROLES: [&str; 5] = ["owner", "administrator", "manager", "supervisor", "agent"];

/// One row: a function on one kind of target.
struct Row {
    permission: String,
    kinds: String,
    cells: Vec<String>,
    limits: Vec<Limit>,
}

/// `role[within]: word values`.
struct Limit {
    role: String,
    within: Option<String>,
    word: String,
    values: String,
}

/// Something to ask about, and the scopes that reach it besides `all`.
#[derive(Clone, Default)]
struct Case {
    targets: Map<String, Value>,
    facts: Map<String, Value>,
    reached_by: BTreeSet<&'static str>,
    active: bool,
    is_administrator: bool,
}

fn rows() -> Vec<Row> {
    let mut lines = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TABLE.as_bytes());
    lines.records().map(|line| row(&line.unwrap())).collect()
}

fn row(line: &csv::StringRecord) -> Row {
    let limits = line[8].split('|').filter(|text| !text.trim().is_empty()).map(limit);
    Row {
        permission: format!("{}.{}", slug(&line[0]), slug(&line[1])),
        kinds: line[2].to_owned(),
        cells: line.iter().skip(3).take(5).map(str::to_owned).collect(),
        limits: limits.collect(),
    }
}

fn limit(text: &str) -> Limit {
    let (head, body) = text.trim().split_once(": ").unwrap();
    let (role, within) = head.split_once('[').map_or((head, None), |(role, rest)| (role, Some(rest)));
    let (word, values) = body.split_once(' ').unwrap();
    let within = within.map(|rest| rest.trim_end_matches(']').to_owned());
    Limit { role: role.to_owned(), within, word: word.to_owned(), values: values.to_owned() }
}

/// Lower case, apostrophes dropped, other runs as `_`: how a permission is named after the table's words.
fn slug(text: &str) -> String {
    let text = text.to_lowercase().replace('\'', "");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

impl Case {
    fn user(login: &str, reached_by: &[&'static str]) -> Self {
        let subject = json!({ "kind": "user", "id": login });
        Self { active: true, is_administrator: true, ..Self::of("subject", subject, reached_by) }
    }

    fn of(member: &str, value: Value, reached_by: &[&'static str]) -> Self {
        let targets = Map::from_iter([(member.to_owned(), value)]);
        Self { targets, reached_by: reached_by.iter().copied().collect(), ..Self::default() }
    }

    fn queue(name: &str, member: &str, reached_by: &[&'static str]) -> Self {
        let value = if member == "subject" { json!({ "kind": "queue", "id": name }) } else { json!(name) };
        Self::of(member, value, reached_by)
    }

    fn talk(fact: Option<(&str, Value)>, reached_by: &BTreeSet<&'static str>) -> Self {
        let facts = fact.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let targets = Case::of("subject", json!({ "kind": "conversation" }), &[]).targets;
        let reached_by = reached_by.iter().copied().filter(|scope| *scope != "lower").collect();
        Self { targets, facts, reached_by, ..Self::default() }
    }

    /// Both in one question: reached by what reaches both.
    fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.targets.extend(other.targets.clone());
        both.reached_by.retain(|scope| other.reached_by.contains(scope));
        both
    }
}

/// An asker of one role, and around them one of everything that some scope reaches or does not. Whoever is there for
/// the sake of a place is an administrator, so that rank lets nobody but the owner reach them.
struct Scene {
    asker: String,
    role: &'static str,
}

impl Scene {
    async fn furnished(world: &World, role: &'static str) -> Self {
        let asker = if role == "owner" { "ada".to_owned() } else { format!("the {role}").replace(' ', "-") };
        let scene = Self { asker, role };
        if role == "owner" {
            let _ = world.post("/roles", json!({ "name": "Trainee", "rank": 1 })).await.expect(201);
        } else {
            scene.add(world, &scene.asker, role).await;
            scene.add(world, &scene.named("peer"), role).await;
        }
        scene.add(world, &scene.named("junior"), "Trainee").await;
        for name in ["managed", "barred", "mate", "colleague", "moved", "stranger"] {
            scene.add(world, &scene.named(name), "administrator").await;
        }
        scene.places(world).await;
        let _ = world.post(&format!("/users/{}/block", scene.named("barred")), Value::Null).await.expect(200);
        scene
    }

    fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.role)
    }

    async fn add(&self, world: &World, login: &str, role: &str) {
        let user = json!({ "login": login, "name": login, "role": role });
        let _ = world.post("/users", user).await.expect(201);
    }

    async fn places(&self, world: &World) {
        let named = |names: &[&str]| names.iter().map(|name| self.named(name)).collect::<Vec<_>>();
        let mut own = named(&["mate"]);
        own.push(self.asker.clone());
        for (name, members, supervisors) in [
            ("supervised", named(&["managed", "barred"]), vec![&self.asker]),
            ("own", own, vec![]),
            ("elsewhere", vec![], vec![]),
        ] {
            let group = json!({ "name": self.named(name), "members": members, "supervisors": supervisors });
            let _ = world.post("/groups", group).await.expect(201);
        }
        for (name, agents, how) in [
            ("viewed", named(&["colleague"]), Some("viewer")),
            ("edited", named(&["moved"]), Some("editor")),
            ("served", vec![self.asker.clone()], None),
            ("unknown", vec![], None),
        ] {
            let supervisors: Vec<_> =
                how.iter().map(|how| json!({ "user": self.asker, "editor": *how == "editor" })).collect();
            let queue = json!({ "name": self.named(name), "agents": agents, "supervisors": supervisors });
            let _ = world.post("/queues", queue).await.expect(201);
        }
    }

    fn users(&self) -> Vec<Case> {
        let rank: &[&'static str] = if self.role == "owner" { &["lower"] } else { &[] };
        let user = |name: &str, by: &[&'static str]| {
            Case::user(&self.named(name), &by.iter().chain(rank).copied().collect::<Vec<_>>())
        };
        let administers = self.role == "administrator";
        let mut all = vec![
            Case { is_administrator: administers, ..Case::user(&self.asker, &["own", "group", "assigned"]) },
            Case { is_administrator: false, ..Case::user(&self.named("junior"), &["lower"]) },
            user("managed", &["managed"]),
            Case { active: false, ..user("barred", &["managed"]) },
            user("mate", &["group"]),
            user("colleague", &["assigned"]),
            user("moved", &["assigned", "assigned:editor"]),
            user("stranger", &[]),
        ];
        if self.role != "owner" {
            all.push(Case { is_administrator: administers, ..Case::user(&self.named("peer"), &[]) });
        }
        all
    }

    fn roles(&self, member: &str) -> Vec<Case> {
        let of = |name: &str, reached_by: &[&'static str]| {
            let value = if member == "subject" { json!({ "kind": "role", "id": name }) } else { json!(name) };
            Case::of(member, value, reached_by)
        };
        let mut all = vec![of("Trainee", &["lower"]), of("owner", &[])];
        if self.role != "owner" {
            all.push(of(self.role, &[]));
        }
        all
    }

    fn groups(&self) -> Vec<Case> {
        let of = |name: &str, reached_by: &[&'static str]| {
            Case::of("subject", json!({ "kind": "group", "id": self.named(name) }), reached_by)
        };
        vec![of("supervised", &["managed"]), of("own", &["group"]), of("elsewhere", &[])]
    }

    fn queues(&self, member: &str) -> Vec<Case> {
        let of = |name: &str, reached_by: &[&'static str]| Case::queue(&self.named(name), member, reached_by);
        let edited = of("edited", &["assigned", "assigned:editor"]);
        vec![of("viewed", &["assigned"]), edited, of("served", &["assigned"]), of("unknown", &[])]
    }

    fn talks(&self) -> Vec<Case> {
        let by_agent = self
            .users()
            .into_iter()
            .map(|user| Case::talk(Some(("agent", user.targets["subject"]["id"].clone())), &user.reached_by));
        let by_queue = self.queues("subject").into_iter().map(|queue| {
            Case::talk(Some(("queue", queue.targets["subject"]["id"].clone())), &queue.reached_by)
        });
        let waiting = Case::talk(Some(("unassigned", json!(true))), &BTreeSet::from(["unassigned"]));
        let bot = Case::talk(Some(("bot", json!(true))), &BTreeSet::from(["bot"]));
        by_agent.chain(by_queue).chain([waiting, bot, Case::talk(None, &BTreeSet::new())]).collect()
    }

    fn cases(&self, kinds: &str) -> Vec<Case> {
        let pairs = |ones: Vec<Case>, others: Vec<Case>| -> Vec<Case> {
            ones.iter().flat_map(|one| others.iter().map(|other| one.and(other))).collect()
        };
        match kinds {
            "user" => self.users(),
            "role" => self.roles("subject"),
            "group" => self.groups(),
            "queue" => self.queues("subject"),
            "conversation" => self.talks(),
            "setting" => vec![Case::of("subject", json!({ "kind": "setting" }), &[])],
            "user+role" => pairs(self.users(), self.roles("role")),
            "user+queue" => pairs(self.users(), self.queues("to")),
            "user+queue+queue" => pairs(pairs(self.users(), self.queues("from")), self.queues("to")),
            other => panic!("unknown kinds {other}"),
        }
    }
}

/// What is to be told of a case besides: one of each that a limit word of the row can tell apart, and nothing.
fn variants(row: &Row) -> Vec<Map<String, Value>> {
    let mut all = vec![Map::new()];
    let mut vary = |member: &str, values: &[Value]| {
        let with = |facts: &Map<String, Value>, value: &Value| {
            let mut facts = facts.clone();
            facts.insert(member.to_owned(), value.clone());
            facts
        };
        let varied = all.iter().flat_map(|facts| values.iter().map(move |value| with(facts, value)));
        all = all.iter().cloned().chain(varied.collect::<Vec<_>>()).collect();
    };
    let uses = |word: &str| row.limits.iter().any(|limit| limit.word == word);
    let parts_actions = row.limits.iter().any(|limit| limit.within.as_deref() == Some("delete"));
    if uses("fields") {
        vary("fields", &[json!(["skills"]), json!(["email"]), json!(["skills", "email"])]);
    }
    if uses("actions") || parts_actions {
        vary("action", &[json!("create"), json!("edit"), json!("delete"), json!("create_sms")]);
    }
    if uses("sections") {
        vary("section", &[json!("dialing"), json!("statuses")]);
    }
    if uses("parts") || uses("without_parts") {
        vary("part", &[json!("general_statistics"), json!("billing"), json!("recording")]);
    }
    for fact in ["in_use", "missed_in_scenario", "function_or_api_token"] {
        if row.limits.iter().any(|limit| limit.values == fact) {
            vary(fact, &[json!(true), json!(false)]);
        }
    }
    all
}

/// What the table says: some scope of the cell reaches the case, and its limits are met.
fn wanted(row: &Row, role: usize, case: &Case, facts: &Map<String, Value>) -> bool {
    let reaches = |scope: &&str| *scope == "all" || case.reached_by.contains(scope);
    let scopes = row.cells[role].split('+').filter(|scope| *scope != "none");
    scopes.filter(reaches).any(|scope| within_limits(row, ROLES[role], scope, case, facts))
}

fn within_limits(row: &Row, role: &str, scope: &str, case: &Case, facts: &Map<String, Value>) -> bool {
    let mine: Vec<_> = row.limits.iter().filter(|limit| limit.role == role).collect();
    let action = facts.get("action").and_then(Value::as_str);
    let by_action = mine.iter().any(|limit| limit.within.as_deref() == Some("delete"));
    // A cell that is parted by action needs to be told which; what it does not list it knows not.
    if by_action && !mine.iter().any(|limit| limit.word == "actions") {
        let known = matches!(action, Some("create" | "edit" | "delete"));
        if !known {
            return false;
        }
    }
    mine.into_iter().all(|limit| {
        let within = limit.within.as_deref();
        within.is_some_and(|within| within != scope && action != Some(within)) || meets(limit, case, facts)
    })
}

fn meets(limit: &Limit, case: &Case, facts: &Map<String, Value>) -> bool {
    let listed = |text: &str| limit.values.split(' ').any(|value| value == text);
    let word = |name: &str| facts.get(name).and_then(Value::as_str).map(listed);
    let known = match limit.values.as_str() {
        "active" => Some(case.active),
        "role_is administrator" => Some(case.is_administrator),
        fact => facts.get(fact).and_then(Value::as_bool),
    };
    match limit.word.as_str() {
        "fields" => facts
            .get("fields")
            .and_then(Value::as_array)
            .is_some_and(|fields| fields.iter().all(|field| listed(field.as_str().unwrap()))),
        "actions" => word("action") == Some(true),
        "sections" => word("section") == Some(true),
        "parts" => word("part") == Some(true),
        "without_parts" => word("part") == Some(false),
        "if" => known == Some(true),
        "unless" => known == Some(false),
        other => panic!("unknown limit word {other}"),
    }
}

#[tokio::test]
async fn voximplant_1_every_cell_of_the_table_holds_over_http() {
    let world = World::founded("voximplant").await;
    let (mut asked, mut allowed) = (0, 0);
    for (index, role) in ROLES.into_iter().enumerate() {
        let scene = Scene::furnished(&world, role).await;
        for row in rows() {
            let mut checks = Vec::new();
            for case in scene.cases(&row.kinds) {
                for facts in variants(&row) {
                    let expected = wanted(&row, index, &case, &facts);
                    let facts: Map<_, _> = case.facts.clone().into_iter().chain(facts).collect();
                    let check = json!({ "user": scene.asker, "permission": row.permission, "targets": case.targets, "facts": facts });
                    checks.push((check, expected));
                }
            }
            for part in checks.chunks(1_000) {
                let body = json!({ "checks": part.iter().map(|(check, _)| check).collect::<Vec<_>>() });
                let answers = world.post("/check/bulk", body).await.expect(200).json();
                for ((check, expected), answer) in part.iter().zip(answers["items"].as_array().unwrap()) {
                    assert_eq!(
                        answer["allowed"], *expected,
                        "{} ({role}): {check} {answer}",
                        row.cells[index]
                    );
                    asked += 1;
                    allowed += usize::from(*expected);
                }
            }
        }
    }
    assert_eq!(rows().len(), 46, "rows of the acceptance table");
    assert!(allowed > 1_000 && asked - allowed > 1_000, "{allowed} of {asked} allowed");
}
