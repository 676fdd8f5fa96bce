//! Bytes as text: UTF-8 or UTF-16 by their mark, UTF-8 without one, else what Western Windows writes.

/// What a file without a mark that is no UTF-8 is read as.
pub(super) const WINDOWS: &str = "Windows-1252";

/// Where Windows-1252 is not Latin-1: 0x80 to 0x9f. What is not assigned is the control character of that number.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text, and whether it had to be read as Windows-1252.
pub(super) fn decode(bytes: &[u8]) -> (String, bool) {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => (String::from_utf8_lossy(rest).into_owned(), false),
        [0xff, 0xfe, rest @ ..] => (utf16(rest, u16::from_le_bytes), false),
        [0xfe, 0xff, rest @ ..] => (utf16(rest, u16::from_be_bytes), false),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (bytes.iter().map(|byte| windows(*byte)).collect(), true),
        },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        _ => u16::from(b'?'),
    });
    char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn windows(byte: u8) -> char {
    let high = byte.checked_sub(0x80).and_then(|place| HIGH.get(usize::from(place)));
    high.copied().unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_write_is_read_as_it_was_meant() {
        let umlauts = "Zoë;Peña";
        assert_eq!(decode(umlauts.as_bytes()), (umlauts.to_owned(), false));
        assert_eq!(decode(&[&[0xef, 0xbb, 0xbf], umlauts.as_bytes()].concat()), (umlauts.to_owned(), false));
        let little: Vec<u8> = umlauts.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&[vec![0xff, 0xfe], little].concat()), (umlauts.to_owned(), false));
        let big: Vec<u8> = umlauts.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&[vec![0xfe, 0xff], big].concat()), (umlauts.to_owned(), false));
        assert_eq!(decode(b"Zo\xeb;Pe\xf1a \x80"), ("Zoë;Peña €".to_owned(), true));
    }

    #[test]
    fn half_a_character_is_told_and_nothing_panics() {
        assert_eq!(decode(&[0xff, 0xfe, 0x41]).0, "?");
        assert_eq!(decode(&[0xff, 0xfe, 0x00, 0xd8]).0, "\u{fffd}");
        assert_eq!(decode(&[0xef, 0xbb, 0xbf, 0xff]).0, "\u{fffd}");
        let every: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&every).0.chars().count(), 256);
    }
}
