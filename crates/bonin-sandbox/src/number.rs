//! Phone numbers as the pages say them.

/// `01012345678` as `010-1234-5678`.
pub(crate) fn hyphenated(phone: &str) -> String {
    let middle = phone.len().saturating_sub(4);
    match (phone.get(..3), phone.get(3..middle), phone.get(middle..)) {
        (Some(first), Some(second), Some(last)) => format!("{first}-{second}-{last}"),
        _ => phone.to_owned(),
    }
}

/// The particle that says where something went, as it follows the last digit when that is read aloud: 영, 삼 and 육 end in a
/// consonant that asks for `으로`.
pub(crate) fn toward(phone: &str) -> &'static str {
    match phone.as_bytes().last() {
        Some(b'0' | b'3' | b'6') => "으로",
        _ => "로",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_and_declined_as_people_do() {
        for (phone, said) in [
            ("01012345670", "010-1234-5670으로"),
            ("01012345671", "010-1234-5671로"),
            ("01012345672", "010-1234-5672로"),
            ("01012345673", "010-1234-5673으로"),
            ("01012345676", "010-1234-5676으로"),
            ("01012345677", "010-1234-5677로"),
            ("0161234568", "016-123-4568로"),
            ("12", "12로"),
        ] {
            assert_eq!(hyphenated(phone) + toward(phone), said);
        }
    }
}
