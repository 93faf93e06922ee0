//! Inputs: any bytes, or an example that is valid, spoilt in a few places.
//!
//! Bytes alone seldom get past the first character of a parser. An example that was changed here and there reaches the rules
//! behind it, and still cannot be told from what an attacker would send.

use bolero::TypeGenerator;
use serde_json::{Map, Value, json};

use crate::PLANTED;

/// No input is longer: the gateway reads 256 KiB at most, and throws more away.
const LONGEST: usize = 1024 * 1024;

/// What a target is given. [`Input::of`] makes the bytes of it.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Input {
    /// As they are.
    Bytes(Vec<u8>),
    /// One of the target's examples.
    Plain {
        /// Which one.
        example: u8,
    },
    /// One of the target's examples, as it is changed.
    Spoilt {
        /// Which one.
        example: u8,
        /// How.
        #[generator(bolero::generator::produce::<Vec<Edit>>().with().len(0..=5usize))]
        edits: Vec<Edit>,
    },
}

/// One change.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Edit {
    /// Something more.
    Insert { at: u16, piece: Piece },
    /// Something else, as long as it is.
    Replace { at: u16, piece: Piece },
    /// A bit of one byte.
    Flip { at: u16, bit: u8 },
    /// Less.
    Delete { at: u16, count: u8 },
    /// A part again, elsewhere.
    Copy { from: u16, count: u8, to: u16 },
    /// An early end.
    Cut { at: u16 },
    /// Another value somewhere in a JSON document.
    Set { node: u8, value: JsonValue },
    /// Another text for the text that stands somewhere in a JSON document.
    SetText { node: u8, piece: Piece },
    /// One field less of an object, or one item less of a list.
    Remove { node: u8, child: u8 },
    /// One field more, which may be one that is known elsewhere.
    Add {
        node: u8,
        name: u8,
        value: JsonValue,
    },
}

/// Something to put in.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Piece {
    Bytes(Vec<u8>),
    Word(u8),
    Many { word: u8, times: Times },
}

/// How often something is there: a few times, or, seldom, thousands of times. What is large takes so much longer to read that in
/// the same time less is tried, and it seldom shows what a small one does not. (`tests/memory.rs` is about large ones.)
#[derive(Debug, Clone, TypeGenerator)]
pub struct Times {
    /// Doubled so often.
    #[generator(0..=14u8)]
    doubled: u8,
    /// One of 256 says that it may be large.
    large: u8,
}

impl Times {
    fn count(&self) -> usize {
        // Not 0, which is what comes where the bytes of the fuzzer have ended.
        const LARGE: u8 = 0xa5;
        let doubled = if self.large == LARGE {
            self.doubled
        } else {
            self.doubled % 6
        };
        1 << doubled
    }
}

#[derive(Debug, Clone, TypeGenerator)]
pub enum JsonValue {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Piece),
    Word(u8),
    Lists {
        #[generator(0..=8u8)]
        n: u8,
    },
    Objects {
        #[generator(0..=8u8)]
        n: u8,
    },
    Items {
        times: Times,
        word: u8,
    },
}

/// What means something to one parser or another.
const WORDS: [&str; 64] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\",
    "\\u0000",
    "\\ud800",
    "\u{0}",
    "\n",
    "\r\n",
    "\t",
    " ",
    "^",
    "&",
    "=",
    "%",
    "%00",
    "%ff",
    "%ED%A0%80",
    "+",
    ";",
    "/",
    "../",
    "//",
    "?",
    "#",
    "@",
    "<script>",
    "'",
    "-",
    "-1",
    "0",
    "1e999",
    "-0.0",
    "9223372036854775808",
    "18446744073709551616",
    "2147483648",
    "null",
    "true",
    "홍길동",
    "가",
    "\u{ac00}\u{0301}",
    "🙂",
    "\u{202e}",
    "\u{feff}",
    "\u{85}",
    "\u{ffff}",
    "İ",
    PLANTED,
    "010",
    "20240229",
    "2999-12-31T23:59:60Z",
    "-----BEGIN CERTIFICATE-----",
    "-----END CERTIFICATE-----",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "-----END ENCRYPTED PRIVATE KEY-----",
    "MIIB",
    "====",
    "0000",
    "[000000]",
    "javascript:",
];

impl Input {
    /// The bytes, at most 1 MiB.
    pub fn of(&self, examples: &[&str]) -> Vec<u8> {
        let mut bytes = match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Plain { example } => pick(examples, *example).map_or("", |text| *text).into(),
            Self::Spoilt { example, edits } => {
                let example = pick(examples, *example).map_or("", |example| *example);
                let mut bytes = example.as_bytes().to_vec();
                for edit in edits {
                    edit.apply(&mut bytes);
                    bytes.truncate(LONGEST);
                }
                bytes
            }
        };
        bytes.truncate(LONGEST);
        bytes
    }

    /// The same as text; what is not UTF-8 is replaced.
    pub fn text_of(&self, examples: &[&str]) -> String {
        String::from_utf8_lossy(&self.of(examples)).into_owned()
    }
}

fn pick<T>(all: &[T], which: u8) -> Option<&T> {
    all.get(usize::from(which).checked_rem(all.len())?)
}

fn word(which: u8) -> &'static str {
    pick(&WORDS, which).copied().unwrap_or_default()
}

impl Piece {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Word(which) => word(*which).into(),
            Self::Many { word: which, times } => word(*which).repeat(times.count()).into(),
        }
    }
}

impl JsonValue {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => json!(flag),
            Self::Integer(number) => json!(number),
            Self::Float(number) => json!(number),
            Self::Text(piece) => json!(String::from_utf8_lossy(&piece.bytes())),
            Self::Word(which) => json!(word(*which)),
            // Deeper than 127 is not read again, but it is written.
            Self::Lists { n } => (0..1u16 << n.min(&7)).fold(json!(0), |inner, _| json!([inner])),
            Self::Objects { n } => {
                (0..1u16 << n.min(&7)).fold(json!(0), |inner, _| json!({ "a": inner }))
            }
            Self::Items { times, word: which } => {
                std::iter::repeat_n(json!(word(*which)), times.count()).collect()
            }
        }
    }
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Insert { at, piece } => {
                let at = place(bytes, *at);
                bytes.splice(at..at, piece.bytes());
            }
            Self::Replace { at, piece } => {
                let at = place(bytes, *at);
                let piece = piece.bytes();
                let end = bytes.len().min(at + piece.len());
                bytes.splice(at..end, piece);
            }
            Self::Flip { at, bit } => {
                let at = place(bytes, *at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Self::Delete { at, count } => {
                let range = part(bytes, *at, *count);
                bytes.drain(range);
            }
            Self::Copy { from, count, to } => {
                let part = bytes.get(part(bytes, *from, *count)).map(<[u8]>::to_vec);
                let to = place(bytes, *to);
                bytes.splice(to..to, part.unwrap_or_default());
            }
            Self::Cut { at } => bytes.truncate(place(bytes, *at)),
            Self::Set { node, value } => on_json(bytes, *node, |found| *found = value.value()),
            Self::SetText { node, piece } => on_json(bytes, *node, |found| {
                *found = json!(String::from_utf8_lossy(&piece.bytes()));
            }),
            Self::Remove { node, child } => on_json(bytes, *node, |found| remove(found, *child)),
            Self::Add { node, name, value } => on_json(bytes, *node, |found| {
                let names: Vec<String> = found
                    .as_object()
                    .map(|map| map.keys().cloned().collect())
                    .unwrap_or_default();
                if let Value::Object(map) = found {
                    let known = pick(&names, name / 2).map_or(word(*name), String::as_str);
                    let name = match name % 2 {
                        0 => known.to_owned(),
                        _ => format!("{known}{PLANTED}"),
                    };
                    map.insert(name, value.value());
                } else {
                    *found = json!({ word(*name): value.value() });
                }
            }),
        }
    }
}

/// A place in it, both ends included.
fn place(bytes: &[u8], at: u16) -> usize {
    usize::from(at) % (bytes.len() + 1)
}

fn part(bytes: &[u8], from: u16, count: u8) -> std::ops::Range<usize> {
    let from = place(bytes, from);
    from..bytes.len().min(from + usize::from(count))
}

fn remove(value: &mut Value, child: u8) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            items.remove(usize::from(child) % items.len());
        }
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            if let Some(key) = pick(&keys, child) {
                map.remove(key);
            }
        }
        _ => {}
    }
}

/// Changes a node of the document, if it is one. The root counts as one, too.
fn on_json(bytes: &mut Vec<u8>, node: u8, change: impl FnOnce(&mut Value)) {
    let Ok(mut document) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let mut left = usize::from(node) % count(&document).max(1);
    if let Some(found) = nth(&mut document, &mut left) {
        change(found);
    }
    *bytes = document.to_string().into_bytes();
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(map) => in_object(map, left),
        _ => None,
    }
}

fn in_object<'a>(map: &'a mut Map<String, Value>, left: &mut usize) -> Option<&'a mut Value> {
    map.values_mut().find_map(|value| nth(value, left))
}
