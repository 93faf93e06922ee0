//! Particles of Korean that depend on the word before them.

/// A noun with 을 or 를, whichever it takes.
pub fn object(noun: &str) -> String {
    let particle = if ends_in_consonant(noun) {
        "을"
    } else {
        "를"
    };
    format!("{noun}{particle}")
}

/// Whether a noun ends in a consonant when it is read aloud. Digits are read as Korean numbers: 영, 일, 이, 삼.
fn ends_in_consonant(noun: &str) -> bool {
    match noun.chars().next_back() {
        Some(digit @ '0'..='9') => matches!(digit, '0' | '1' | '3' | '6' | '7' | '8'),
        Some(letter @ '가'..='힣') => !(u32::from(letter) - 0xAC00).is_multiple_of(28),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_take_the_particle_that_fits_their_last_letter() {
        assert_eq!(object("인증번호 발송"), "인증번호 발송을");
        assert_eq!(object("인증 창 결과 조회"), "인증 창 결과 조회를");
        assert_eq!(object("API 시크릿"), "API 시크릿을");
        assert_eq!(object("2100"), "2100을");
        assert_eq!(object("KT 2"), "KT 2를");
    }
}
