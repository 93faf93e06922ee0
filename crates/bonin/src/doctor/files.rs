//! Who can read the key and the database.

use std::path::{Path, PathBuf};

use bonin_gateway::admin::Finding;

use crate::database::DatabaseArgs;

pub(super) fn examine(database: &DatabaseArgs) -> Vec<Finding> {
    let mut findings = Vec::new();
    match database.key_file() {
        Some(file) => findings.extend(private("key_file", &file)),
        None if database.key_source().is_some() => findings.push(Finding::fine(
            "key_file",
            "키가 파일이 아니라 환경 변수나 명령에서 옵니다.",
        )),
        // Opening the database tells that there is none.
        None => {}
    }
    if let Some(file) = &database.database_password_file {
        findings.extend(private("database_password_file", file));
    }
    if let Some(file) = database.database_file() {
        let beside = |suffix: &str| {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let files = [file.clone(), beside("-wal"), beside("-shm")];
        let found = files
            .iter()
            .filter_map(|file| private("database_file", file));
        // Of equals the last counts: seen from behind, the database itself.
        findings.extend(found.rev().max_by_key(|finding| finding.health));
    }
    findings
}

/// `None` where the file is not there.
#[cfg(unix)]
pub(super) fn private(check: &'static str, file: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let shown = file.display();
    let mode = match std::fs::metadata(file) {
        Ok(found) => found.permissions().mode() & 0o777,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            return Some(Finding::failure(
                check,
                format!(
                    "{shown}을(를) 볼 수 없습니다({error}). 게이트웨이와 같은 사용자로 실행해야 합니다."
                ),
            ));
        }
    };
    Some(if mode & 0o007 != 0 {
        Finding::failure(
            check,
            format!(
                "{shown}을(를) 아무나 읽거나 쓸 수 있습니다({mode:o}). `chmod 600 {shown}`으로 게이트웨이의 사용자만 쓰게 해야 합니다."
            ),
        )
    } else if mode & 0o070 != 0 {
        Finding::warning(
            check,
            format!(
                "{shown}에 그룹의 권한이 있습니다({mode:o}). 꼭 필요하지 않으면 `chmod 600 {shown}`으로 거두어야 합니다."
            ),
        )
    } else {
        Finding::fine(
            check,
            format!("{shown}은(는) 주인만 읽을 수 있습니다({mode:o})."),
        )
    })
}

/// Elsewhere the system's own tools tell.
#[cfg(not(unix))]
pub(super) fn private(_check: &'static str, _file: &Path) -> Option<Finding> {
    None
}
