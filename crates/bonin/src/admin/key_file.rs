//! The key file as `bonin key` changes it: whole, and still readable for whoever could read it.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use bonin_core::Redacted;
use bonin_store::Keyring;

use super::AdminArgs;
use crate::{
    failure::Failure,
    keys::{KEY_VARIABLE, KeySource},
};

/// The key file, locked against another `bonin key` that changes it.
#[derive(Debug)]
pub(super) struct KeyFile {
    /// As the operator named it.
    pub(super) shown: PathBuf,
    /// Where it really is: what replaces it must not replace a link to it.
    file: PathBuf,
    folder: PathBuf,
    _lock: File,
}

impl KeyFile {
    /// The key file, or what to do where the keys come from elsewhere.
    pub(super) fn of(admin: &AdminArgs, otherwise: &str) -> Result<Self, Failure> {
        let from = match admin.database.key_source() {
            Some(KeySource::File(file)) => return Self::open(&file),
            Some(KeySource::Command(_)) => "what --key-command prints",
            Some(KeySource::Variable) | None => KEY_VARIABLE,
        };
        Err(Failure::new(format!(
            "the keys come from {from}; {otherwise}"
        )))
    }

    fn open(shown: &Path) -> Result<Self, Failure> {
        let cannot = || Failure::while_doing(format!("cannot open {}", shown.display()));
        let file = shown.canonicalize().map_err(cannot())?;
        let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
        // The folder, since the file itself is replaced. Whoever comes second sees what the first has written.
        let lock = File::open(&folder).map_err(cannot())?;
        lock.lock().map_err(cannot())?;
        Ok(Self {
            shown: shown.to_owned(),
            file,
            folder,
            _lock: lock,
        })
    }

    pub(super) fn read(&self) -> Result<Redacted, Failure> {
        std::fs::read_to_string(&self.file)
            .map(Redacted::new)
            .map_err(Failure::while_doing(format!(
                "cannot read the key file {}",
                self.shown.display()
            )))
    }

    /// Puts a new file in the old one's place, whole and on disk, with the old one's owner, group and mode: whoever runs the
    /// gateway reads it again at any moment.
    pub(super) fn replace(&self, text: &Redacted) -> Result<(), Failure> {
        let cannot = || Failure::while_doing(format!("cannot write {}", self.shown.display()));
        // For its owner alone, until it is whole. It is removed where anything below fails.
        let mut next = tempfile::Builder::new()
            .prefix(".bonin-key-")
            .tempfile_in(&self.folder)
            .map_err(cannot())?;
        self.hand_over(next.as_file())?;
        next.write_all(text.expose().as_bytes())
            .and_then(|()| next.as_file().sync_all())
            .map_err(cannot())?;
        next.persist(&self.file)
            .map_err(|error| cannot()(error.error))?;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(cannot())
    }

    #[cfg(unix)]
    fn hand_over(&self, next: &File) -> Result<(), Failure> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let cannot = |error: std::io::Error| {
            Failure::new(format!(
                "{} cannot be replaced by a file of the same owner, group and mode ({error}); nothing was changed, run this as the file's owner",
                self.shown.display()
            ))
        };
        let (old, new) = (
            std::fs::metadata(&self.file).map_err(cannot)?,
            next.metadata().map_err(cannot)?,
        );
        let owner = (old.uid() != new.uid()).then_some(old.uid());
        let group = (old.gid() != new.gid()).then_some(old.gid());
        if owner.is_some() || group.is_some() {
            std::os::unix::fs::fchown(next, owner, group).map_err(cannot)?;
        }
        // What others than the owner may, they may from the moment on that it has its name.
        let mode = std::fs::Permissions::from_mode(old.mode() & 0o777);
        next.set_permissions(mode).map_err(cannot)
    }

    #[cfg(not(unix))]
    fn hand_over(&self, _next: &File) -> Result<(), Failure> {
        Ok(())
    }
}

/// The numbers of a file's keys. None where there is no key in it.
pub(super) fn ids(text: &Redacted) -> Result<BTreeSet<u32>, Failure> {
    Keyring::parse(text.expose())
        .map(|keyring| keyring.key_ids().into_iter().collect())
        .map_err(Failure::while_doing("the key file would be of no use"))
}

/// The file without a key. Lines and commas separate keys; everything else stays as it is.
pub(super) fn without(text: &Redacted, id: u32) -> Redacted {
    let is_it = |entry: &&str| {
        let entry = entry.trim();
        let number = entry.split_once(':').map(|(number, _)| number.trim());
        !entry.starts_with('#') && number.and_then(|number| number.parse().ok()) == Some(id)
    };
    let mut kept = String::new();
    for line in text.expose().lines() {
        let entries: Vec<&str> = line.split(',').collect();
        if !entries.iter().any(is_it) {
            kept += line;
            kept.push('\n');
            continue;
        }
        let others: Vec<&str> = entries.into_iter().filter(|entry| !is_it(entry)).collect();
        if others.iter().any(|entry| !entry.trim().is_empty()) {
            kept += &others.join(",");
            kept.push('\n');
        }
    }
    Redacted::new(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn one_key_is_removed_however_it_is_written_and_no_other() {
        for (before, after) in [
            ("1:K\n2:K\n", "2:K\n"),
            ("# both\n1:K,2:K\n", "# both\n2:K\n"),
            ("3:K, 01 : K ,2:K", "3:K,2:K\n"),
            (" 1 :K,\n11:K\r\n", "11:K\n"),
            ("#1:K\n1:K\n2:K", "#1:K\n2:K\n"),
        ] {
            let [before, after] = [before, after].map(|text| text.replace('K', KEY));
            let kept = without(&Redacted::new(before.clone()), 1);
            assert_eq!(kept.expose(), after, "{before}");
            let mut expected = ids(&Redacted::new(before)).unwrap();
            assert!(expected.remove(&1));
            assert_eq!(ids(&kept).unwrap(), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_replaces_the_file_behind_a_link_keeps_its_owner_group_and_mode() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (
            folder.path().join("secret"),
            folder.path().join("bonin.key"),
        );
        std::fs::write(&target, format!("1:{KEY}")).unwrap();
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&target, &link).unwrap();
        // Giving a file away is for root alone; what is left of this test holds for anybody.
        let root = std::fs::metadata(&target).unwrap().uid() == 0;
        let expected = if root {
            (65_534, 12)
        } else {
            let own = std::fs::metadata(&target).unwrap();
            (own.uid(), own.gid())
        };
        if root {
            std::os::unix::fs::chown(&target, Some(expected.0), Some(expected.1)).unwrap();
        }
        // Left by one that was killed in its middle, before names were made up.
        std::fs::write(folder.path().join("bonin.key.new"), "").unwrap();

        let file = KeyFile::open(&link).unwrap();
        file.replace(&Redacted::new(format!("2:{KEY}\n"))).unwrap();
        assert!(link.is_symlink());
        assert_eq!(
            std::fs::read_to_string(&link).unwrap(),
            format!("2:{KEY}\n")
        );
        let now = std::fs::metadata(&target).unwrap();
        assert_eq!((now.uid(), now.gid()), expected);
        assert_eq!(now.mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
