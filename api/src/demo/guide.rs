//! What to try: who may sign in, and the lines that do the three jobs.

use super::folder::Demo;
use rollbook_domain::kernel::id::Kind;
use rollbook_domain::organization::state::Organization;
use serde_json::{Value, json};
use std::path::Path;

/// What is said of a demonstration.
pub(crate) struct Guide<'a> {
    pub(crate) demo: &'a Demo,
    pub(crate) folder: &'a Path,
    /// Whether it was there already.
    pub(crate) again: bool,
    /// `http://…`.
    pub(crate) address: &'a str,
    pub(crate) now: &'a Organization,
}

/// One line to copy.
struct Line {
    who: &'static str,
    what: String,
    command: String,
}

impl Guide<'_> {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let begun = if self.again { "is there already, as it was left" } else { "is built" };
        let Demo { organization, people, .. } = self.demo;
        let mut text = format!(
            "\nThe demonstration {begun}, in {}.\nOrganization {organization}: {} people, {} changes in three months.\n\n",
            self.folder.display(),
            self.now.users.len(),
            self.now.position,
        );
        for person in people {
            text += &format!("  {:<14} {:<16}  password  {}\n", person.role, person.login, person.password);
        }
        text += "\nCopy these into a second terminal. First sign in, as the auditor and as the administrator:\n\n";
        for line in self.sign_ins() {
            text += &format!("{line}\n");
        }
        for line in self.lines() {
            text += &format!("\n{}: {}\n\n{}\n", line.who, line.what, line.command);
        }
        text += "\nFour more organizations, one of each product's catalog, with three months of their own:\n";
        for product in &self.demo.products {
            text += &format!("\n  {}: {}\n", product.organization, product.look_at);
            for person in &product.people {
                text +=
                    &format!("    {:<14} {:<16}  password  {}\n", person.role, person.login, person.password);
            }
        }
        text + &format!("\nThe API, to try it: {}/api/docs\n", self.address)
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let lines = self.lines();
        json!({
            "organization": self.demo.organization,
            "folder": self.folder,
            "again": self.again,
            "address": self.address,
            "people": self.demo.people,
            "profile": self.demo.profile,
            "version": self.demo.version,
            "products": self.demo.products,
            "sign_in": self.sign_ins(),
            "try": lines.iter().map(|line| json!({ "who": line.who, "what": line.what, "command": line.command })).collect::<Vec<_>>(),
        })
    }

    fn sign_ins(&self) -> Vec<String> {
        let line = |variable: &str, role: &str| {
            let login = self.demo.login(role)?;
            let body = json!({ "organization": self.demo.organization, "login": login.login, "password": login.password });
            Some(format!(
                r#"{variable}=$(curl -s {}/api/v1/sessions -H 'Content-Type: application/json' -d '{body}' | sed 's/.*"token":"\([^"]*\)".*/\1/')"#,
                self.address
            ))
        };
        [line("AUDITOR", "auditor"), line("ADMIN", "administrator")].into_iter().flatten().collect()
    }

    fn lines(&self) -> Vec<Line> {
        let Demo { profile, version, .. } = self.demo;
        let base = format!("{}/api/v1", self.address);
        let path = profile.replace(' ', "%20");
        let id = self.now.by_name(Kind::Profile, profile).unwrap_or_default();
        let select = json!({ "subject": { "kind": "profile", "id": id }, "to": { "version": version } });
        let body = json!({ "select": select });
        let json_type = "-H 'Content-Type: application/json'";
        let (auditor, admin) =
            (r#"-H "Authorization: Bearer $AUDITOR""#, r#"-H "Authorization: Bearer $ADMIN""#);
        let line = |who, what: &str, command: String| Line { who, what: what.to_owned(), command };
        vec![
            line(
                "Compliance officer",
                &format!("who changed the profile \"{profile}\", when, why, from what to what?"),
                format!("curl -sw '\\n' '{base}/profiles/{path}/history?limit=3' {auditor}"),
            ),
            line(
                "Compliance officer",
                "who may take contacts away now, and through what?",
                format!("curl -sw '\\n' '{base}/access?permission=contacts.export' {auditor}"),
            ),
            line(
                "Administrator",
                "what would undoing it change, and for whom? (the plan's id is kept for the next line)",
                format!(
                    r#"PLAN=$(curl -s {base}/rollbacks/plan {admin} {json_type} -d '{body}' | tee /dev/stderr | grep -o '"id":"[0-9a-f]\{{64\}}"' | head -n 1 | cut -d '"' -f 4)"#
                ),
            ),
            line(
                "Administrator",
                "undo it, all or nothing",
                format!(
                    r#"curl -sw '\n' {base}/rollbacks {admin} {json_type} -H 'Rollbook-Reason: Undo%20OPS-2417' -d '{{"plan":"'"$PLAN"'","select":{select}}}'"#
                ),
            ),
            line(
                "Auditor",
                "what was done to profiles lately?",
                format!("curl -sw '\\n' '{base}/activity?action=profile.&limit=5' {auditor}"),
            ),
        ]
    }
}
