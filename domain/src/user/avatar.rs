//! A user's picture: what events say of it, and what bytes are one.
//!
//! Not here: the picture itself, which is kept beside the ledger and goes with an erasure.

use std::fmt;
use std::str::FromStr;

/// Largest picture, in bytes.
pub const PICTURE_BYTES_MAX: usize = 8 << 20;
/// Widest and highest picture, in pixels.
const SIDE_MAX: u32 = 16_384;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// What a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

/// A picture as events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// What it is.
    pub media: Media,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl Media {
    /// The media type.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// What the bytes are by what they begin with: the mark and a header that gives the picture a size. Whatever they are
    /// called by who sends them says nothing.
    #[must_use]
    pub fn of(picture: &[u8]) -> Option<Self> {
        let (media, (width, height)) = if picture.starts_with(PNG) {
            (Self::Png, png_size(picture)?)
        } else if picture.starts_with(JPEG) {
            (Self::Jpeg, jpeg_size(picture)?)
        } else {
            return None;
        };
        let sides = 1..=SIDE_MAX;
        (sides.contains(&width) && sides.contains(&height)).then_some(media)
    }
}

/// The first chunk is the header, which begins with width and height.
fn png_size(picture: &[u8]) -> Option<(u32, u32)> {
    let header = picture.get(PNG.len()..PNG.len() + 16)?;
    let (mark, sides) = header.split_at_checked(8)?;
    (mark == b"\0\0\0\x0dIHDR").then_some(())?;
    let side = |at: usize| Some(u32::from_be_bytes(sides.get(at..at + 4)?.try_into().ok()?));
    Some((side(0)?, side(4)?))
}

/// Segments follow one another until the one that begins a frame, which has height and width.
fn jpeg_size(picture: &[u8]) -> Option<(u32, u32)> {
    let mut rest = picture.get(2..)?;
    loop {
        let (marker, after) = (*rest.get(1)?, rest.get(2..)?);
        if rest.first() != Some(&0xff) {
            return None;
        }
        if marker == 0xff {
            // Any number of these may stand before a marker.
            rest = rest.get(1..)?;
            continue;
        }
        let short = |at: usize| Some(u32::from(u16::from_be_bytes(after.get(at..at + 2)?.try_into().ok()?)));
        let length = usize::try_from(short(0)?).ok()?;
        // Frames are C0 to CF but for tables and arithmetic conditioning (ITU-T T.81, table B.1).
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((short(5)?, short(3)?));
        }
        // A scan, an end, a restart: no frame came before it.
        if matches!(marker, 0xd0..=0xda | 0x00 | 0x01) || length < 2 {
            return None;
        }
        rest = after.get(length..)?;
    }
}

impl fmt::Display for Avatar {
    /// `image/png 12345 <sha256>`, as it stands in an event.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.media.word(), self.bytes)?;
        self.sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that names no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this names no picture")]
pub struct BadAvatar;

impl FromStr for Avatar {
    type Err = BadAvatar;

    fn from_str(text: &str) -> Result<Self, BadAvatar> {
        let mut words = text.split(' ');
        let (Some(media), Some(bytes), Some(hex), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(BadAvatar);
        };
        let media = [Media::Png, Media::Jpeg].into_iter().find(|one| one.word() == media).ok_or(BadAvatar)?;
        let mut sha256 = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return Err(BadAvatar);
        }
        for (nth, byte) in sha256.iter_mut().enumerate() {
            let pair = hex.get(nth * 2..nth * 2 + 2).ok_or(BadAvatar)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| BadAvatar)?;
        }
        Ok(Self { media, bytes: bytes.parse().map_err(|_| BadAvatar)?, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let (width, height) = (width.to_be_bytes(), height.to_be_bytes());
        [PNG, b"\0\0\0\x0dIHDR", &width, &height, b"\x08\x06\0\0\0"].concat()
    }

    fn jpeg(segments: &[&[u8]]) -> Vec<u8> {
        [&[0xff, 0xd8][..], &segments.concat()].concat()
    }

    const APP0: &[u8] = b"\xff\xe0\x00\x04ab";
    const FRAME: &[u8] = b"\xff\xc0\x00\x0b\x08\x00\x02\x00\x03\x01\x01\x11\x00";

    #[test]
    fn a_picture_is_known_by_its_bytes_alone() {
        assert_eq!(Media::of(&png(3, 2)), Some(Media::Png));
        assert_eq!(Media::of(&jpeg(&[APP0, FRAME])), Some(Media::Jpeg));
        assert_eq!(Media::of(&jpeg(&[APP0, b"\xff", FRAME])), Some(Media::Jpeg));
        let not: [&[u8]; 9] = [
            b"",
            b"GIF89a\x01\x00\x01\x00",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            PNG,
            JPEG,
            &png(0, 2),
            &png(3, 20_000),
            &jpeg(&[APP0, b"\xff\xda\x00\x02", FRAME]),
            &jpeg(&[b"\xff\xe0\x00\x00", FRAME]),
        ];
        for bytes in not {
            assert_eq!(Media::of(bytes), None, "{bytes:?}");
        }
        let whole = jpeg(&[APP0, FRAME]);
        let cut = (0..whole.len() - 4).filter(|length| Media::of(&whole[..*length]).is_some());
        assert_eq!(cut.count(), 0);
    }

    #[test]
    fn what_an_event_says_of_a_picture_is_read_back() {
        let avatar = Avatar { media: Media::Png, bytes: 12, sha256: [0xab; 32] };
        let text = avatar.to_string();
        assert_eq!(text, format!("image/png 12 {}", "ab".repeat(32)));
        assert_eq!(text.parse(), Ok(avatar));
        for bad in ["", "image/gif 1 00", "image/png x y", &format!("{text} z"), &text[..70]] {
            assert_eq!(bad.parse::<Avatar>(), Err(BadAvatar), "{bad}");
        }
    }
}
