//! Who appears: sixty people of an invented contact centre. Any likeness is chance.

/// A person: login and name. The e-mail address is the login at `north.example`.
pub(super) type Person = (&'static str, &'static str);

pub(super) const OWNER: Person = ("amara.okafor", "Amara Okafor");
pub(super) const ADMINISTRATORS: [Person; 2] =
    [("jonas.lindqvist", "Jonas Lindqvist"), ("priya.raman", "Priya Raman")];
pub(super) const AUDITOR: Person = ("mei.tanaka", "Mei Tanaka");
pub(super) const MANAGERS: [Person; 3] =
    [("sofia.almeida", "Sofia Almeida"), ("tomasz.wilk", "Tomasz Wilk"), ("leila.haddad", "Leila Haddad")];
/// Each leads the group of the same place in `story::GROUPS`; the last two share the last.
pub(super) const SUPERVISORS: [Person; 7] = [
    ("carlos.ibarra", "Carlos Ibarra"),
    ("hanna.virtanen", "Hanna Virtanen"),
    ("kwame.mensah", "Kwame Mensah"),
    ("noor.elmasry", "Noor El-Masry"),
    ("giulia.conti", "Giulia Conti"),
    ("dmytro.kovalenko", "Dmytro Kovalenko"),
    ("anais.lefevre", "Anaïs Lefèvre"),
];
/// There from the start.
pub(super) const FIRST_AGENTS: [Person; 30] = [
    ("aaliyah.brooks", "Aaliyah Brooks"),
    ("akira.mori", "Akira Mori"),
    ("ana.petrovic", "Ana Petrović"),
    ("arjun.nair", "Arjun Nair"),
    ("beatriz.rocha", "Beatriz Rocha"),
    ("bilal.chaudhry", "Bilal Chaudhry"),
    ("bjorn.aasen", "Bjørn Aasen"),
    ("camille.roy", "Camille Roy"),
    ("chidi.eze", "Chidi Eze"),
    ("daniela.vega", "Daniela Vega"),
    ("deniz.yilmaz", "Deniz Yılmaz"),
    ("elif.kaya", "Elif Kaya"),
    ("emre.demir", "Emre Demir"),
    ("eszter.nagy", "Eszter Nagy"),
    ("fatima.zahra", "Fatima Zahra"),
    ("finn.obrien", "Finn O'Brien"),
    ("gabriel.santos", "Gabriel Santos"),
    ("hye-jin.park", "Park Hye-jin"),
    ("ines.carvalho", "Inês Carvalho"),
    ("ivan.horvat", "Ivan Horvat"),
    ("jamal.washington", "Jamal Washington"),
    ("jana.novakova", "Jana Nováková"),
    ("joao.batista", "João Batista"),
    ("kaito.suzuki", "Kaito Suzuki"),
    ("katarzyna.zajac", "Katarzyna Zając"),
    ("lucia.fernandez", "Lucía Fernández"),
    ("mahmoud.saleh", "Mahmoud Saleh"),
    ("marta.kowalska", "Marta Kowalska"),
    ("mateo.quispe", "Mateo Quispe"),
    ("minh.tran", "Trần Minh"),
];
/// Hired later, one after the other.
pub(super) const LATER_AGENTS: [Person; 16] = [
    ("nadia.rahman", "Nadia Rahman"),
    ("nikos.papadakis", "Nikos Papadakis"),
    ("oluwaseun.ade", "Oluwaseun Ade"),
    ("pavel.dvorak", "Pavel Dvořák"),
    ("rania.khoury", "Rania Khoury"),
    ("rasa.jankauskaite", "Rasa Jankauskaitė"),
    ("rui.zhang", "Zhang Rui"),
    ("sanna.koskinen", "Sanna Koskinen"),
    ("siobhan.kelly", "Siobhán Kelly"),
    ("tariq.aziz", "Tariq Aziz"),
    ("teresa.mbeki", "Teresa Mbeki"),
    ("thabo.dlamini", "Thabo Dlamini"),
    ("vera.sokolova", "Vera Sokolova"),
    ("wanjiru.kamau", "Wanjiru Kamau"),
    ("xochitl.reyes", "Xóchitl Reyes"),
    ("zofia.lis", "Zofia Lis"),
];
