//! The audit, looked at.

use bonin_store::{AuditHead, AuditPage, AuditProblem, AuditQuery};

use tokio::sync::Semaphore;

use super::{Action, Admin, Administrator, Error};

static CHECKING: Semaphore = Semaphore::const_new(1);

impl Admin {
    /// A page of the audit, the newest first.
    pub async fn audit(&self, who: &Administrator, query: &AuditQuery) -> Result<AuditPage, Error> {
        who.must(Action::SeeAudit)?;
        Ok(self.store.audit(query).await?)
    }

    /// Checks the whole chain, and that it passes through a head exported before.
    pub async fn verify_audit(
        &self,
        who: &Administrator,
        exported: Option<&AuditHead>,
    ) -> Result<Result<AuditHead, AuditProblem>, Error> {
        who.must(Action::SeeAudit)?;
        // The whole of it is read and opened: one at a time, so that nobody keeps the database busy with it.
        let _alone = CHECKING.try_acquire().map_err(|_| {
            Error::Refused("다른 확인이 진행 중입니다. 잠시 뒤 다시 시도해야 합니다.".to_owned())
        })?;
        Ok(self.store.verify_audit(exported).await?)
    }

    /// The head, to be kept elsewhere. That it was taken is itself in the audit, as the head's own entry.
    pub async fn export_audit_head(&self, who: &Administrator) -> Result<AuditHead, Error> {
        who.must(Action::ExportAudit)?;
        Ok(self.store.export_audit_head(&who.actor, self.now()).await?)
    }
}
