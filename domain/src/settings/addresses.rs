//! From which addresses people and programs are let in: single ones and networks, as an organization lists them.
//!
//! Not here: whose address a request has.

use super::state::{Setting, SettingValue, Settings};
use ipnet::IpNet;
use std::net::IpAddr;

/// Most entries of the list.
pub(super) const ENTRIES_MAX: usize = 200;

/// An address, or `address/mask`; whatever of the address lies outside the mask means nothing.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse().ok().map(|ip: IpAddr| IpNet::from(ip)))
}

/// Whether every entry can be read and there are not too many.
pub(super) fn are_acceptable(entries: &[String]) -> bool {
    entries.len() <= ENTRIES_MAX && entries.iter().all(|entry| network(entry).is_some())
}

/// Whether a list lets an address in; one that is empty lets everybody in, whatever their address.
pub(super) fn let_in(entries: &[String], address: Option<IpAddr>) -> bool {
    let address = address.map(|address| address.to_canonical());
    let holds = |address| entries.iter().filter_map(|entry| network(entry)).any(|net| net.contains(&address));
    entries.is_empty() || address.is_some_and(holds)
}

impl Settings {
    /// Whether whoever comes from this address is let in. An address that is not known is in no list.
    #[must_use]
    pub fn lets_in(&self, address: Option<IpAddr>) -> bool {
        match self.set.get(&Setting::AddressesAllowed) {
            Some(SettingValue::List(entries)) => let_in(entries, address),
            Some(SettingValue::Flag(_) | SettingValue::Number(_) | SettingValue::Word(_)) | None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets_in(entries: &[&str], address: &str) -> bool {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        assert!(are_acceptable(&entries), "{entries:?}");
        let_in(&entries, Some(address.parse().unwrap()))
    }

    #[test]
    fn an_address_is_let_in_by_itself_or_by_a_network_that_holds_it() {
        for (entries, inside, outside) in [
            (["203.0.113.9"], "203.0.113.9", "203.0.113.10"),
            (["8.8.8.8/28"], "8.8.8.1", "8.8.8.16"),
            (["0.0.0.0/0"], "198.51.100.1", "2001:db8::1"),
            (["2001:db8::/32"], "2001:db8:ffff::1", "2001:db9::1"),
            (["::1"], "::1", "127.0.0.1"),
            (["::/0"], "2001:db8::1", "198.51.100.1"),
        ] {
            assert!(lets_in(&entries, inside), "{inside} by {entries:?}");
            assert!(!lets_in(&entries, outside), "{outside} by {entries:?}");
        }
        assert!(lets_in(&["10.0.0.0/8", "203.0.113.9"], "203.0.113.9"));
    }

    #[test]
    fn an_address_of_version_four_is_the_same_inside_one_of_version_six() {
        assert!(lets_in(&["203.0.113.0/24"], "::ffff:203.0.113.9"));
        assert!(!lets_in(&["::/0"], "::ffff:203.0.113.9"));
    }

    #[test]
    fn an_empty_list_lets_everybody_in_and_any_other_nobody_whose_address_is_not_known() {
        assert!(let_in(&[], None));
        assert!(!let_in(&["0.0.0.0/0".to_owned()], None));
    }

    #[test]
    fn what_is_no_address_or_network_is_not_acceptable() {
        for entry in
            ["", "localhost", "8.8.8.8/33", "8.8.8/24", "8.8.8.8/", "1.2.3.4 ", "::/129", "8.8.8.8:80"]
        {
            assert!(!are_acceptable(&[entry.to_owned()]), "{entry:?}");
        }
        assert!(are_acceptable(&vec!["::1".to_owned(); ENTRIES_MAX]));
        assert!(!are_acceptable(&vec!["::1".to_owned(); ENTRIES_MAX + 1]));
    }
}
