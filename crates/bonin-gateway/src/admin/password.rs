//! Passwords: rules, and Argon2id hashes.

use argon2::{
    Algorithm, Argon2, Block, CustomizedPasswordHasher, Params, PasswordHash, PasswordVerifier,
    Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, Salt},
    },
};
use bonin_core::Redacted;
use tokio::sync::{OnceCell, Semaphore};

use super::{Error, Problems};
use crate::ids;

/// OWASP's advice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The shortest password.
const SHORTEST: usize = 12;
/// The longest: a sentence fits in, a flood does not.
const LONGEST: usize = 128;
/// What everyone would try first. The dev environment's is public.
const OBVIOUS: [&str; 10] = [
    "bonin-dev-console",
    "administrator",
    "123456789012",
    "1234567890123",
    "12345678901234",
    "qwertyuiop12",
    "qwertyuiop[]",
    "passwordpassword",
    "password1234",
    "changeme1234",
];

/// Each hash takes 19 MiB and a core for a moment: so many at once, whoever asks.
static HASHING: Semaphore = Semaphore::const_new(2);
/// So many may wait for their turn; more are sent away.
static WAITING: Semaphore = Semaphore::const_new(64);
/// The hash of a password that nobody knows.
static NOBODYS: OnceCell<Redacted> = OnceCell::const_new();

/// Refuses a password that is too short, too long or known to everyone.
pub(super) fn check(problems: &mut Problems, field: &'static str, given: &Redacted, user: &str) {
    let length = given.expose().chars().count();
    let lower = given.expose().to_lowercase();
    let one_character = given.expose().chars().next();
    if !(SHORTEST..=LONGEST).contains(&length) {
        problems.add(
            field,
            format!("비밀번호는 {SHORTEST}자에서 {LONGEST}자까지여야 합니다."),
        );
    } else if lower == user.to_lowercase() {
        problems.add(field, "비밀번호는 아이디와 달라야 합니다.");
    } else if OBVIOUS.contains(&lower.as_str())
        || given
            .expose()
            .chars()
            .all(|next| Some(next) == one_character)
    {
        problems.add(
            field,
            "누구나 짐작할 수 있는 비밀번호입니다. 다른 비밀번호를 적어야 합니다.",
        );
    }
}

/// The same, typed twice.
pub(super) fn check_repeated(
    problems: &mut Problems,
    fields: [&'static str; 2],
    given: [&Redacted; 2],
    user: &str,
) {
    check(problems, fields[0], given[0], user);
    if given[0] != given[1] {
        problems.add(
            fields[1],
            "비밀번호가 위와 다릅니다. 같은 비밀번호를 한 번 더 적어야 합니다.",
        );
    }
}

/// A password for someone else, to be changed at once.
pub(super) fn temporary() -> Result<Redacted, Error> {
    Ok(ids::readable(4)?)
}

/// Hashes a password, as a PHC string.
pub(super) async fn hash(password: &Redacted) -> Result<Redacted, Error> {
    let password = password.clone();
    let salt = ids::random::<16>()?;
    apart(move || {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
        let hash = Hasher.hash_password_with_params(password.expose().as_bytes(), &salt, params)?;
        Ok(Redacted::new(hash.to_string()))
    })
    .await
}

/// Whether the password is the one of this hash. Without a hash it takes as long, and is not.
pub(super) async fn is_right(password: &Redacted, of: Option<Redacted>) -> Result<bool, Error> {
    let known = of.is_some();
    let hash = match of {
        Some(hash) => hash,
        None => NOBODYS
            .get_or_try_init(async || hash(&ids::session_token()?).await)
            .await?
            .clone(),
    };
    let password = password.clone();
    let same = apart(move || {
        let hash = PasswordHash::new(hash.expose())?;
        match Hasher.verify_password(password.expose().as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    })
    .await?;
    Ok(known && same)
}

/// [`Argon2`] with memory of our own. Its own stays with the allocator, once for each thread that has ever hashed.
struct Hasher;

impl CustomizedPasswordHasher<PasswordHash> for Hasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map_or(Ok(Algorithm::Argon2id), Algorithm::try_from)?;
        let version = version.map_or(Ok(Version::V0x13), Version::try_from)?;
        let mut output = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = output
            .get_mut(..length)
            .ok_or(password_hash::Error::OutputSize)?;
        let mut memory = memory(params.block_count())?;
        Argon2::new(algorithm, version, params.clone()).hash_password_into_with_memory(
            password,
            salt,
            output,
            &mut memory,
        )?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(output)?),
        })
    }
}

/// Memory for one hash. What is beyond its blocks is never touched, and so takes none.
fn memory(blocks: usize) -> password_hash::Result<Vec<Block>> {
    /// From so much on glibc gives back what is freed at once (mallopt(3): `DEFAULT_MMAP_THRESHOLD_MAX`).
    const GIVEN_BACK: usize = 32 * 1024 * 1024;
    let mut memory = Vec::new();
    memory
        .try_reserve_exact(blocks.max(GIVEN_BACK.div_ceil(Block::SIZE)))
        .map_err(|_| password_hash::Error::OutOfMemory)?;
    memory.resize(blocks, Block::new());
    Ok(memory)
}

/// Runs it where it keeps nobody else waiting.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, password_hash::Error> + Send + 'static,
) -> Result<T, Error> {
    let waiting = WAITING.try_acquire().map_err(|_| {
        tracing::warn!("too many passwords to check at once");
        Error::Unavailable
    })?;
    let turn = HASHING.acquire().await.map_err(|_| Error::Unavailable)?;
    drop(waiting);
    let done = tokio::task::spawn_blocking(move || {
        // The turn ends with the work, also where nobody waits for it any more.
        let _turn = turn;
        work()
    });
    match done.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            tracing::error!(%error, "a password could not be hashed or checked");
            Err(Error::Unavailable)
        }
        Err(_) => Err(Error::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    fn complaint(password: &str) -> Option<String> {
        let mut problems = Problems::default();
        check(
            &mut problems,
            "password",
            &Redacted::new(password),
            "Owner@example.com",
        );
        problems.of("password").map(str::to_owned)
    }

    #[test]
    fn passwords_that_are_short_long_known_or_the_username_are_refused() {
        for wrong in [
            "",
            "열한글자는짧습니다요",
            "elevenchars",
            &"a1".repeat(65),
            "owner@EXAMPLE.com",
            "bonin-dev-console",
            "Password1234",
            "aaaaaaaaaaaaaaaa",
        ] {
            assert!(complaint(wrong).is_some(), "{wrong}");
        }
        for right in [
            "twelve chars",
            &"a1".repeat(64),
            "열두 글자보다 긴 비밀번호",
        ] {
            assert_eq!(complaint(right), None, "{right}");
        }
    }

    #[test]
    fn a_temporary_password_keeps_the_rules_and_no_two_are_alike() {
        let one = temporary().unwrap();
        assert_eq!(complaint(one.expose()), None);
        assert_ne!(one, temporary().unwrap());
    }

    #[tokio::test]
    async fn a_password_opens_its_own_hash_alone() {
        let password = Redacted::new("올바른 말 배터리 스테이플");
        let hashed = hash(&password).await.unwrap();
        assert!(
            hashed
                .expose()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert_ne!(hashed, hash(&password).await.unwrap());
        assert!(is_right(&password, Some(hashed.clone())).await.unwrap());
        let other = Redacted::new("올바른 말 배터리 스테이플러");
        assert!(!is_right(&other, Some(hashed)).await.unwrap());
        assert!(!is_right(&password, None).await.unwrap());
    }
}
