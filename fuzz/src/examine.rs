//! What may and may not stand in an answer.

/// Stands wherever an example has something personal or secret. It must not come back in any message.
pub const PLANTED: &str = "QzPlantedQz77";

/// Whether there is Korean in it.
pub fn is_korean(text: &str) -> bool {
    text.chars().any(|c| ('가'..='힣').contains(&c))
}

/// Holds a message to what messages promise: Korean, and nothing of what was given.
pub fn assert_tells_nothing(message: &str) {
    assert!(is_korean(message), "not Korean: {message}");
    assert!(!message.contains(PLANTED), "repeats input: {message}");
    assert!(message.len() < 2000, "a very long message: {message}");
}
