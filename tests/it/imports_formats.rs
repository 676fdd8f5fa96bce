//! The files of four products, as their users have them: spreadsheets, text, JSON, a dump; and what is given out again.

use crate::imports::{HEADER, counts, errors, imported, send};
use crate::products_world::World as Product;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calamine::{Reader as _, Xlsx, open_workbook_from_rs};
use rollbook_tests::app::World;
use rollbook_tests::client::Client;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};
use std::io::{Cursor, Write as _};
use std::time::Duration;
use zip::write::SimpleFileOptions;

/// Waits until the activity log tells of an export in these words: a follower brings it there.
async fn recorded(client: &Client, words: &str) {
    for _ in 0..300 {
        let log = client.get("/api/v1/activity?action=audit.exported").await.expect(200).text();
        if log.contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the activity log does not tell of {words}");
}

/// Three rows of a workbook: one with dates as spreadsheets keep them.
fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (name, column) in HEADER.trim().split(',').zip(0..) {
        sheet.write_string(0, column, name).unwrap();
    }
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (row, login) in [(1, "zoe"), (4, "yan")] {
        sheet.write_string(row, 0, login).unwrap();
        sheet.write_string(row, 1, format!("{login} Peña & Söhne")).unwrap();
    }
    let date = |text: &str| ExcelDateTime::parse_from_str(text).unwrap();
    sheet.write_datetime_with_format(1, 4, date("2026-05-01"), &day).unwrap();
    sheet.write_datetime_with_format(1, 5, date("2036-05-31 18:00:00"), &day).unwrap();
    sheet.write_number(2, 1, 4711).unwrap();
    book.save_to_buffer().unwrap()
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn spreadsheet(rows: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"S\">{rows}<table:table-row table:number-rows-repeated=\"1048570\">\
         <table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row></table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    let mimetype = b"application/vnd.oasis.opendocument.spreadsheet";
    zipped(&[("mimetype", mimetype), ("content.xml", content.as_bytes())])
}

fn cells(texts: &[&str]) -> String {
    let cell = |text: &&str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    format!("<table:table-row>{}</table:table-row>", texts.iter().map(cell).collect::<String>())
}

#[tokio::test]
async fn ucontact_10_workbooks_and_spreadsheets_are_read_with_their_dates() {
    let world = World::new().await;
    let import = imported(&world.owner(), "from=ucontact", workbook()).await;
    assert_eq!(
        (counts(&import), errors(&import)),
        ([3, 2, 0, 0, 1], vec!["3 Username required".into()]),
        "{import:#}"
    );
    let zoe = world.owner().get("/api/v1/users/zoe").await.expect(200).json();
    assert_eq!(zoe["name"], "zoe Peña & Söhne");
    let window = json!({ "from": "2026-05-01T00:00:00.000000Z", "until": "2036-05-31T18:00:00.000000Z" });
    assert_eq!(zoe["login_window"], window);
    let date = "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>xi</text:p></table:table-cell>\
                <table:table-cell office:value-type=\"string\"><text:p>Xi &amp; <text:span>Co</text:span></text:p></table:table-cell>\
                <table:table-cell office:value-type=\"date\" office:date-value=\"2026-05-01T08:30:00\"><text:p>01.05.26</text:p></table:table-cell></table:table-row>";
    let rows = cells(&["Username", "Full Name", "Valid Date"]) + date + &cells(&["wu", "Wu"]);
    let import = imported(&world.owner(), "from=ucontact", spreadsheet(&rows)).await;
    assert_eq!(counts(&import), [2, 2, 0, 0, 0], "{import:#}");
    let xi = world.owner().get("/api/v1/users/xi").await.expect(200).json();
    assert_eq!(
        (&xi["name"], &xi["login_window"]["from"]),
        (&json!("Xi & Co"), &json!("2026-05-01T08:30:00.000000Z"))
    );
}

#[tokio::test]
async fn what_unpacks_or_announces_more_than_memory_has_is_refused() {
    let world = World::new().await;
    let refused = async |file: Vec<u8>| {
        let answer = send(&world.owner(), "from=ucontact", file).await.refused(422, "invalid").json();
        answer["errors"][0]["code"].as_str().unwrap().to_owned()
    };
    let zeros = vec![b' '; 64 << 20];
    let bomb: Vec<_> = ["a", "b", "c", "d", "e"].into_iter().map(|name| (name, zeros.as_slice())).collect();
    assert_eq!(refused(zipped(&bomb)).await, "too_large");
    let announces = b"<sst uniqueCount = \"999999999999999999\"/>";
    assert_eq!(refused(zipped(&[("xl/sharedStrings.xml", announces)])).await, "too_large");
    assert_eq!(refused(zipped(&[("xl/workbook.xml", b"<workbook/>")])).await, "not_a_table");
    let wide = "<table:table-row><table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"string\"><text:p>x</text:p></table:table-cell></table:table-row>";
    assert_eq!(refused(spreadsheet(wide)).await, "too_many_columns");
    let long = cells(&["x"]).replacen(
        "<table:table-row",
        "<table:table-row table:number-rows-repeated=\"1048576\"",
        1,
    );
    assert_eq!(refused(spreadsheet(&long)).await, "too_many_rows");
    assert_eq!(refused(spreadsheet("<table:table-row>")).await, "not_a_table");
    assert_eq!(refused(vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).await, "unknown_format");
    let mut broken = workbook();
    broken.truncate(broken.len() / 2);
    assert_eq!(refused(broken).await, "not_a_table");
}

#[tokio::test]
async fn xcally_10_selected_users_are_exported_as_csv_and_read_again() {
    let world = Product::founded("xcally").await;
    let _ = world.post("/profiles", json!({ "name": "Desk", "grants": [] })).await.expect(201);
    let file = "fullname,username,email,role,profile,internal\n\
                \"=Cy, the \"\"best\"\"\",cy,cy@x.example,user,Desk,1001\nDi,di,,User,,\nEd,ed,,admin,,\n";
    let import = imported(&world.ada, "from=xcally", file).await;
    assert_eq!(
        (counts(&import), errors(&import)),
        ([3, 2, 0, 0, 1], vec!["3 profile profile_required".into()]),
        "{import:#}"
    );
    assert_eq!(import["notes"][0]["what"], "internal");
    let csv = world.ada.get("/api/v1/users/export?format=csv&ids=cy,ed").await.expect(200);
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"rollbook-users.csv\""));
    let text = csv.text();
    let wanted = "fullname,username,email,role,profile,internal\r\n\
                  \"'=Cy, the \"\"best\"\"\",cy,cy@x.example,User,Desk,\r\nEd,ed,,Admin,,\r\n";
    assert_eq!(text, wanted);
    let again = imported(&world.ada, "from=xcally", text).await;
    assert_eq!(counts(&again), [2, 0, 0, 2, 0], "{again:#}");
    recorded(&world.ada, "2 users as CSV of XCALLY Motion").await;
}

#[tokio::test]
async fn ucontact_10_users_are_exported_in_the_ten_columns_and_read_again_unchanged() {
    let world = World::new().await;
    let owner = world.owner();
    let file = format!(
        "{HEADER}zoe,-Zoë,zoe@u.example,Billing,2026-05-01,2036-05-31,Europe/Madrid,,,horse battery staple\n"
    );
    let _ = imported(&owner, "from=ucontact", file).await;
    let csv = owner.get("/api/v1/users/export?format=csv").await.expect(200).text();
    assert!(csv.starts_with(HEADER.trim()), "{csv}");
    let zoe =
        "zoe,'-Zoë,zoe@u.example,Billing,2026-04-30T22:00:00.000000Z,2036-05-31T22:00:00.000000Z,,,,\r\n";
    assert!(csv.contains(zoe), "{csv}");
    assert!(!csv.contains("archived") && !csv.contains("staple"), "{csv}");
    let again = imported(&owner, "from=ucontact", csv.clone()).await;
    let rows = csv.lines().count() as u64 - 1;
    assert_eq!(counts(&again), [rows, 0, 0, rows, 0], "{again:#}");
    // An auditor sees everybody too; whoever may not export gets nothing, not even themselves.
    let seen = world.user("auditor").get("/api/v1/users/export?format=csv").await.expect(200).text();
    assert_eq!(seen.lines().count(), csv.lines().count());
    let _ = world.user("ann").get("/api/v1/users/export?format=csv").await.refused(403, "permission_missing");
    for query in ["", "?format=pdf", "?format=csv&as=asterisk", "?format=csv&ids=nobody7"] {
        let _ = owner.get(&format!("/api/v1/users/export{query}")).await.refused(422, "invalid");
    }
}

fn line(editor: &str, json: &Value) -> String {
    format!("{editor}\t{}\n", STANDARD.encode(json.to_string()))
}

#[tokio::test]
async fn queuemetrics_16_a_dump_of_the_configuration_is_restored_in_the_order_of_what_depends_on_what() {
    let world = Product::founded("queuemetrics").await;
    let dump = [
        line("user", &json!({ "login": "cy", "real_name": "Cy", "email": "cy@q.example", "class": "TEAM", "keys": "KA -KB", "masterkey": 0, "enabled": 1 })),
        line("user", &json!({ "login": "di", "real_name": "Di", "class": "TEAM", "enabled": false })),
        line("user", &json!({ "login": "ed", "real_name": "Ed", "class": "NONE" })),
        line("queue", &json!({ "name": "All sales", "composition": "Sales|Care" })),
        line("queue", &json!({ "name": "Sales", "composition": "300", "visibility_key": "USER" })),
        line("queue", &json!({ "name": "Care" })),
        line("agentGroup", &json!({ "name": "West" })),
        line("agent", &json!({ "nome_agente": "Agent/101", "descr_agente": "Cy", "aliases": "SIP/101|cy.101", "group_name": "West", "supervised_by": "cy", "chiave_agente": "USER", "payroll_code": "P1", "ltCodeAssociate": [["inbound", "All", "Main"], ["inbound", "Sales", "Wrap"]] })),
        line("class", &json!({ "name": "TEAM", "description": "Works", "keys": "USER KA" })),
        line("outcome", &json!({ "name": "sold" })),
    ]
    .concat();
    let import = imported(&world.ada, "from=queuemetrics", dump.clone()).await;
    assert_eq!(errors(&import), ["3 class no_such_role"], "{import:#}");
    // Nine records, and the keys USER (which is there), KA and KB.
    assert_eq!(counts(&import), [12, 10, 0, 1, 1], "{import:#}");
    assert_eq!(import["notes"][0]["what"], "outcome");
    let get = async |path: &str| world.ada.get(&format!("/api/v1/{path}")).await.expect(200).json();
    let cy = get("users/cy").await;
    let mut keys: Vec<_> = cy["keys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    keys.sort_unstable();
    assert_eq!((keys, &cy["status"]), (vec!["-KB", "KA"], &json!("active")));
    assert_eq!(get("users/di").await["status"], "blocked");
    assert_eq!(get("roles/TEAM").await["keys"].as_array().unwrap().len(), 2);
    assert_eq!(get("queues/All%20sales").await["parts"].as_array().unwrap().len(), 2);
    let agent = get("agents/Agent%2F101").await;
    assert_eq!((&agent["aliases"], &agent["payroll_code"]), (&json!(["SIP/101", "cy.101"]), &json!("P1")));
    assert_eq!(agent["queues"].as_object().map(serde_json::Map::len), Some(1), "{agent:#}");
    let again = imported(&world.ada, "from=queuemetrics", dump).await;
    assert_eq!(counts(&again), [12, 0, 0, 11, 1], "{again:#}");
}

/// The lines of a dump of the configuration, decoded.
async fn dumped(world: &Product) -> (String, Vec<String>) {
    let dump = world.ada.get("/api/v1/export?as=queuemetrics").await.expect(200).text();
    let decoded = dump.lines().map(|line| {
        let (editor, json) = line.split_once('\t').unwrap();
        format!("{editor} {}", String::from_utf8(STANDARD.decode(json).unwrap()).unwrap())
    });
    let mut decoded: Vec<_> = decoded.collect();
    decoded.sort();
    (dump, decoded)
}

#[tokio::test]
async fn queuemetrics_16_a_dump_of_the_configuration_makes_the_same_one_elsewhere() {
    let world = Product::founded("queuemetrics").await;
    let made = [
        line("class", &json!({ "name": "TEAM", "description": "Works", "keys": "USER KA" })),
        line("user", &json!({ "login": "cy", "real_name": "Cy", "email": "cy@q.example", "class": "TEAM", "keys": "-KB", "enabled": 0 })),
        line("queue", &json!({ "name": "Sales", "visibility_key": "USER" })),
        line("queue", &json!({ "name": "Care" })),
        line("queue", &json!({ "name": "All", "composition": "Sales|Care" })),
        line("agentGroup", &json!({ "name": "West" })),
        line("agent", &json!({ "nome_agente": "Agent/101", "descr_agente": "Cy", "aliases": "SIP/101", "loc_name": "Leeds", "group_name": "West", "supervised_by": "cy", "payroll_code": "P1", "ltCodeAssociate": [["inbound", "Sales", "Spill"]] })),
    ]
    .concat();
    let import = imported(&world.ada, "from=queuemetrics", made).await;
    assert_eq!(errors(&import), Vec::<String>::new());
    let (dump, lines) = dumped(&world).await;
    let again = imported(&world.ada, "from=queuemetrics", dump.clone()).await;
    assert_eq!(
        (&again["rows"]["changed"], &again["rows"]["unchanged"]),
        (&json!(0), &again["rows"]["total"]),
        "{again:#}"
    );
    let elsewhere = Product::founded("queuemetrics").await;
    let import = imported(&elsewhere.ada, "from=queuemetrics", dump).await;
    assert_eq!(errors(&import), Vec::<String>::new(), "{import:#}");
    assert_eq!(dumped(&elsewhere).await.1, lines);
    assert!(
        lines.iter().any(|line| line.starts_with("user ") && line.contains("\"keys\":\"-KB\"")),
        "{lines:#?}"
    );
    recorded(&world.ada, "the configuration as a dump of QueueMetrics").await;
    let _ = world.ada.get("/api/v1/export").await.refused(422, "invalid");
    let _ = world.ada.get("/api/v1/export?as=asterisk").await.refused(422, "invalid");
}

#[tokio::test]
async fn users_of_voximplant_come_with_their_groups() {
    let world = World::new().await;
    let file = json!([
        { "name": "Zoe", "email": "zoe@v.example", "role": "Agent", "groups": ["East", "North wing"] },
        { "name": "Yan", "login": "yan", "role": "Owner" },
        { "name": "Ann", "login": "ann", "groups": ["North wing"] },
    ]);
    let import = imported(&world.user("manager"), "from=voximplant", file.to_string()).await;
    assert_eq!(errors(&import), ["2  rank_too_low"], "{import:#}");
    assert_eq!(import["rows"]["created"], 2, "{import:#}");
    let wing = world.owner().get("/api/v1/groups/North%20wing").await.expect(200).json();
    assert_eq!(wing["members"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn voximplant_11_the_activity_log_is_exported_as_a_workbook_that_calculates_nothing() {
    let world = World::new().await;
    let owner = world.owner().with("rollbook-reason", "%3DHYPERLINK(1)");
    let _ = owner.patch("/api/v1/users/ann", &json!({ "name": "=1+1" })).await.expect(200);
    let head = world.head().await.to_string();
    let owner = world.owner().with("rollbook-min-position", head);
    let answer = owner.get("/api/v1/activity/export?format=xlsx&action=user.renamed").await.expect(200);
    let csv = owner.get("/api/v1/activity/export?format=csv&action=user.renamed").await.expect(200).text();
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(answer.body.to_vec())).unwrap();
    let sheet = book.worksheet_range("activity").unwrap();
    let rows: Vec<Vec<String>> =
        sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(rows.len(), csv.lines().count());
    assert_eq!(rows[0].join(","), csv.lines().next().unwrap());
    assert!(rows[1].contains(&"=HYPERLINK(1)".to_owned()), "{rows:?}");
    assert_eq!(book.worksheet_formula("activity").unwrap().cells().count(), 0);
    recorded(&owner, "the activity log as XLSX").await;
    let _ = world
        .user("agent")
        .get("/api/v1/activity/export?format=xlsx")
        .await
        .refused(403, "permission_missing");
}
