//! While nobody may enter the console: a one-time code for the first owner, in a file for whoever runs the gateway. It never
//! reaches the log, which more people can read.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bonin_gateway::admin::Admin;
use bonin_store::Actor;
use tokio_util::sync::CancellationToken;

use crate::{failure::Failure, ready_file::replace_private};

/// How soon the file goes once the owner is there.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Writes the file where it is needed, and removes it once it is not.
pub(crate) async fn offer(
    admin: Admin,
    folder: Option<PathBuf>,
    console_url: &str,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let file = folder.map(|folder| folder.join("console-setup.txt"));
    if !admin.has_no_user().await? {
        file.as_deref().map(remove);
        return Ok(());
    }
    let Some(file) = file else {
        tracing::warn!(
            "nobody may enter the console yet; `bonin user setup-code` prints the code for {console_url}/console/setup"
        );
        return Ok(());
    };
    let Some(code) = admin.make_setup_code(&Actor::system("serve")).await? else {
        remove(&file);
        return Ok(());
    };
    let text = format!(
        "Bonin 콘솔의 첫 소유자(OWNER) 계정을 만드는 주소와 일회용 설정 코드입니다.\n\
         24시간 동안 한 번 쓸 수 있습니다. 지난 뒤에는 `bonin user setup-code`로 새 코드를 받습니다.\n\n\
         주소: {console_url}/console/setup\n\
         코드: {}\n",
        code.expose()
    );
    replace_private(&file, &text)?;
    tracing::warn!(
        file = %file.display(),
        "nobody may enter the console yet; the file says where and with what code its first owner is made"
    );
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            // Where the database is away, the file can wait.
            if admin.has_no_user().await == Ok(false) {
                remove(&file);
                tracing::info!("the console has its first owner");
                return;
            }
        }
    });
    Ok(())
}

fn remove(file: &Path) {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(file = %file.display(), %error, "the file with the used code could not be removed");
        }
        _ => {}
    }
}
