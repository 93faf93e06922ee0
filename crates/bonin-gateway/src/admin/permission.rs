//! Who may do what.

use bonin_store::Role;

/// Everything that can be done in the console or from the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Figures and charts.
    SeeOverview,
    /// Verifications, with persons masked, and their timelines.
    SeeVerifications,
    /// A person in the clear, for a reason that is recorded; and looking one up by name or phone.
    RevealPerson,
    /// Erasing a person's data for good.
    ErasePerson,
    /// Stores, channels and secrets, without credentials.
    SeeSetup,
    /// Making and changing stores.
    ChangeStores,
    /// Having a store's persons erased by themselves, or sooner than until now: it erases them as [`Action::ErasePerson`] does.
    SetRetention,
    /// Letting a LIVE store take TEST channels, whose results can be made up.
    AllowTestChannels,
    /// Making, changing, testing and putting away channels.
    ChangeChannels,
    /// Making and revoking API secrets.
    ChangeSecrets,
    /// Making, changing, pausing and putting away webhooks, and sending a message once more.
    ChangeWebhooks,
    /// Who may enter the console.
    SeeUsers,
    /// Making, changing and locking out users.
    ChangeUsers,
    /// The audit.
    SeeAudit,
    /// Taking the audit's head along.
    ExportAudit,
    /// Changing the key that everything is sealed with.
    RotateKeys,
    /// One's own password, second factor and sessions.
    ChangeOwnAccount,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::SeeOverview,
        Self::SeeVerifications,
        Self::RevealPerson,
        Self::ErasePerson,
        Self::SeeSetup,
        Self::ChangeStores,
        Self::SetRetention,
        Self::AllowTestChannels,
        Self::ChangeChannels,
        Self::ChangeSecrets,
        Self::ChangeWebhooks,
        Self::SeeUsers,
        Self::ChangeUsers,
        Self::SeeAudit,
        Self::ExportAudit,
        Self::RotateKeys,
        Self::ChangeOwnAccount,
    ];

    /// Whether a role may.
    pub fn is_allowed_to(self, role: Role) -> bool {
        match self {
            Self::SeeOverview
            | Self::SeeVerifications
            | Self::SeeSetup
            | Self::SeeAudit
            | Self::ChangeOwnAccount => true,
            Self::RevealPerson
            | Self::ChangeStores
            | Self::ChangeChannels
            | Self::ChangeSecrets
            | Self::ChangeWebhooks => matches!(role, Role::Owner | Role::Operator),
            Self::ErasePerson
            | Self::SetRetention
            | Self::AllowTestChannels
            | Self::SeeUsers
            | Self::ChangeUsers
            | Self::RotateKeys
            | Self::ExportAudit => role == Role::Owner,
        }
    }

    /// What to say to those who may not, in Korean.
    pub(super) fn refusal(self) -> &'static str {
        match self {
            Self::RevealPerson
            | Self::ChangeStores
            | Self::ChangeChannels
            | Self::ChangeSecrets
            | Self::ChangeWebhooks => {
                "이 작업을 할 권한이 없습니다. 소유자(OWNER)나 운영자(OPERATOR)에게 요청해야 합니다."
            }
            _ => "이 작업을 할 권한이 없습니다. 소유자(OWNER)에게 요청해야 합니다.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_this_table_says_and_nothing_else() {
        // (action, owner, operator, viewer)
        let table = [
            (Action::SeeOverview, true, true, true),
            (Action::SeeVerifications, true, true, true),
            (Action::RevealPerson, true, true, false),
            (Action::ErasePerson, true, false, false),
            (Action::SeeSetup, true, true, true),
            (Action::ChangeStores, true, true, false),
            (Action::SetRetention, true, false, false),
            (Action::AllowTestChannels, true, false, false),
            (Action::ChangeChannels, true, true, false),
            (Action::ChangeSecrets, true, true, false),
            (Action::ChangeWebhooks, true, true, false),
            (Action::SeeUsers, true, false, false),
            (Action::ChangeUsers, true, false, false),
            (Action::SeeAudit, true, true, true),
            (Action::ExportAudit, true, false, false),
            (Action::RotateKeys, true, false, false),
            (Action::ChangeOwnAccount, true, true, true),
        ];
        let named: Vec<Action> = table.iter().map(|row| row.0).collect();
        assert_eq!(named, Action::ALL, "every action stands in the table");
        for (action, owner, operator, viewer) in table {
            let may = Role::ALL.map(|role| action.is_allowed_to(role));
            assert_eq!(may, [owner, operator, viewer], "{action:?}");
        }
    }
}
