//! What is told at once when it happens, beside the calendar of [`crate::notice`].

/// Something that has happened, of which people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A recovery code was issued for a terminal.
    RecoveryCodeIssued,
    /// A recovery code was exchanged for a certificate.
    RecoveryCodeUsed,
    /// So many wrong recovery codes came that none is judged for the rest of the hour.
    RecoveryClosed,
    /// An operator proposes to revoke several certificates.
    RevocationProposed,
    /// A mass revocation was carried out.
    RevocationDone,
    /// An invited person has become an administrator.
    AdministratorAdded,
    /// A link was made with which an account is set up anew.
    ResetLinkIssued,
    /// Somebody is invited to become an administrator.
    Invitation,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::RecoveryCodeIssued,
        Self::RecoveryCodeUsed,
        Self::RecoveryClosed,
        Self::RevocationProposed,
        Self::RevocationDone,
        Self::AdministratorAdded,
        Self::ResetLinkIssued,
        Self::Invitation,
    ];

    /// The word in the records and in webhooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecoveryCodeIssued => "recovery-code-issued",
            Self::RecoveryCodeUsed => "recovery-code-used",
            Self::RecoveryClosed => "recovery-closed",
            Self::RevocationProposed => "mass-revocation-proposed",
            Self::RevocationDone => "mass-revocation-done",
            Self::AdministratorAdded => "administrator-added",
            Self::ResetLinkIssued => "reset-link-issued",
            Self::Invitation => "invitation",
        }
    }

    /// The event that [`Self::as_str`] names, if any.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }
}
