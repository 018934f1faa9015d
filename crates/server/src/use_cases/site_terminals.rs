//! 証明書管理: the list, one certificate, and what is done to a terminal.

use super::{
    FieldRefusal, Koshin, SiteError,
    site_authority::{Action, Actor},
    site_invitation::text,
};
use crate::store::{
    AuditEvent, AuditKind, AuditRow, CertificateRow, Stop, TerminalPage, TerminalQuery, TerminalRow,
    TrailQuery, WaitingBundle,
};
use jiff::{SignedDuration, Timestamp};

/// So long a 使用停止 can be undone.
const UNDO: SignedDuration = SignedDuration::from_hours(24);
/// Events of a timeline at most.
const LONGEST_TIMELINE: u32 = 500;

/// Everything about one certificate.
#[derive(Debug, Clone)]
pub struct CertificateDetail {
    /// Its terminal, as in the list.
    pub terminal: TerminalRow,
    /// The certificate itself.
    pub certificate: CertificateRow,
    /// With whom it is shown: the hosts of its service.
    pub hosts: Vec<String>,
    /// Common name of the issuing CA.
    pub issuer: String,
    /// What happened to the terminal, oldest first; of very much, the latest 500 events. Who
    /// may not see the organisation's trail sees nothing of its people in it.
    pub timeline: Vec<AuditRow>,
    /// The terminal's certificates, oldest first.
    pub history: Vec<CertificateRow>,
    /// 使用停止, if the terminal is stopped.
    pub stop: Option<StopDetail>,
    /// What waits for an administrator to carry it to the terminal.
    pub waiting: Option<WaitingBundle>,
}

/// A 使用停止 that is in force.
#[derive(Debug, Clone)]
pub struct StopDetail {
    /// Since when.
    pub at: Timestamp,
    /// Who stopped the terminal, as in the trail, for those who may see that.
    pub by: Option<String>,
    /// Until when it can be undone; none when it cannot any more.
    pub undo_until: Option<Timestamp>,
}

impl Koshin {
    /// One page of the terminals that the actor may see.
    ///
    /// # Errors
    /// [`SiteError::NotFound`] for a tenant that the actor may not see.
    pub async fn terminals(
        &self,
        actor: &Actor,
        query: TerminalQuery,
        now: Timestamp,
    ) -> Result<TerminalPage, SiteError> {
        self.permit_list(actor, &query).await?;
        Ok(self.store.terminals(self.scope(actor).await?, query, now).await?)
    }

    /// All of them, for CSV.
    ///
    /// # Errors
    /// As [`Self::terminals`].
    pub async fn all_terminals(
        &self,
        actor: &Actor,
        query: TerminalQuery,
        now: Timestamp,
    ) -> Result<Vec<TerminalRow>, SiteError> {
        self.permit_list(actor, &query).await?;
        Ok(self.store.all_terminals(self.scope(actor).await?, query, now).await?)
    }

    async fn permit_list(&self, actor: &Actor, query: &TerminalQuery) -> Result<(), SiteError> {
        match &query.tenant {
            Some(tenant) => self.permit_site(actor, Action::SeeTerminals, tenant).await,
            None => Ok(()),
        }
    }

    /// One terminal, as in the list.
    ///
    /// # Errors
    /// [`SiteError::NotFound`] also for one that the actor may not see.
    pub async fn terminal(
        &self,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<TerminalRow, SiteError> {
        self.own_terminal(actor, Action::SeeTerminals, terminal_id, now).await
    }

    /// One certificate, its terminal and what happened to it: nothing of people, and their names
    /// for those alone who may read the trail.
    ///
    /// # Errors
    /// [`SiteError::NotFound`] also for one that the actor may not see.
    pub async fn certificate_detail(
        &self,
        actor: &Actor,
        serial: &str,
        now: Timestamp,
    ) -> Result<CertificateDetail, SiteError> {
        let peer = self.store.peer(serial).await?.ok_or(SiteError::NotFound)?;
        let terminal = self.own_terminal(actor, Action::SeeTerminals, peer.terminal_id, now).await?;
        let history = self.store.certificates_of(peer.terminal_id).await?;
        let certificate = history.iter().find(|row| row.serial == serial).cloned();
        let trail = TrailQuery {
            tenant: Some(terminal.tenant_id.clone()),
            common_name: Some(terminal.common_name.clone()),
            limit: LONGEST_TIMELINE,
            ..TrailQuery::default()
        };
        let sees_trail = self.actor_may(actor, Action::SeeTrail, &terminal.tenant_id).await?;
        let mut timeline = self.store.trail(trail).await?;
        timeline.reverse();
        // Who the organisation's people are is in its trail.
        if !sees_trail {
            timeline = timeline.into_iter().filter_map(without_people).collect();
        }
        let stop = self.store.stop_of(peer.terminal_id).await?.map(|stop| {
            let until = stop.at.checked_add(UNDO).unwrap_or(Timestamp::MAX);
            let undo_until = (!stop.is_final && now < until).then_some(until);
            StopDetail { at: stop.at, by: stop.by.filter(|_| sees_trail), undo_until }
        });
        Ok(CertificateDetail {
            stop,
            waiting: self.store.waiting_bundle(peer.terminal_id, now).await?,
            hosts: self.hosts_of_service(&peer.service),
            certificate: certificate.ok_or(SiteError::NotFound)?,
            issuer: self.authority().facts().common_name.clone(),
            terminal,
            timeline,
            history,
        })
    }

    /// Gives a terminal its 端末名 and its 設置場所, which may be empty.
    ///
    /// # Errors
    /// What the table refuses; a text that is empty or too long.
    pub async fn rename_terminal(
        &self,
        actor: &Actor,
        terminal_id: i64,
        label: &str,
        place: &str,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        let terminal = self.own_terminal(actor, Action::RenameTerminal, terminal_id, now).await?;
        let label = text(label, FieldRefusal::Label)?;
        let place = match place.trim() {
            "" => None,
            given => Some(text(given, FieldRefusal::Place)?),
        };
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        let detail = format!(
            "{:?} in {:?} becomes {label:?} in {:?}",
            shown(&terminal.label),
            shown(&terminal.place),
            shown(&place)
        );
        let event = of_terminal(actor, &terminal, AuditKind::TerminalRenamed, detail, now);
        match self.store.rename_terminal(terminal_id, Some(label), place, event).await? {
            true => Ok(()),
            false => Err(SiteError::NotFound),
        }
    }

    /// 使用停止: the terminal's certificates open nothing from now on. Returns until when
    /// it can be undone; then they are revoked.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::AlreadyStopped`].
    pub async fn stop_terminal(
        &self,
        actor: &Actor,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<Timestamp, SiteError> {
        let terminal = self.own_terminal(actor, Action::StopTerminal, terminal_id, now).await?;
        let event = of_terminal(actor, &terminal, AuditKind::TerminalStopped, String::new(), now);
        match self.store.stop_terminal(terminal_id, event).await? {
            Stop::Done => Ok(now.checked_add(UNDO).unwrap_or(Timestamp::MAX)),
            Stop::Unknown => Err(SiteError::NotFound),
            Stop::Already | Stop::Final => Err(SiteError::AlreadyStopped),
        }
    }

    /// Lets a stopped terminal in again, within 24 hours.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotStopped`], [`SiteError::UndoTooLate`].
    pub async fn undo_stop(&self, actor: &Actor, terminal_id: i64, now: Timestamp) -> Result<(), SiteError> {
        let terminal = self.own_terminal(actor, Action::UndoStop, terminal_id, now).await?;
        let event = of_terminal(actor, &terminal, AuditKind::StopUndone, String::new(), now);
        match self.store.undo_stop(terminal_id, undoable_since(now), event).await? {
            Stop::Done => Ok(()),
            Stop::Unknown => Err(SiteError::NotFound),
            Stop::Already => Err(SiteError::NotStopped),
            Stop::Final => Err(SiteError::UndoTooLate),
        }
    }

    /// Revokes what was stopped more than 24 hours ago. Returns how many terminals.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn finish_stops(&self, now: Timestamp) -> Result<usize, SiteError> {
        Ok(self.store.finish_stops(undoable_since(now), now).await?)
    }

    /// The terminal, if the actor may do this to it.
    ///
    /// # Errors
    /// What the table refuses; [`SiteError::NotFound`] also for one that the actor may not see.
    pub async fn own_terminal(
        &self,
        actor: &Actor,
        action: Action,
        terminal_id: i64,
        now: Timestamp,
    ) -> Result<TerminalRow, SiteError> {
        let terminal = self.store.terminal_row(terminal_id, now).await?.ok_or(SiteError::NotFound)?;
        self.permit_site(actor, action, &terminal.tenant_id).await?;
        Ok(terminal)
    }
}

fn undoable_since(now: Timestamp) -> Timestamp {
    now.checked_sub(UNDO).unwrap_or(Timestamp::MIN)
}

/// An event of this terminal.
pub(super) fn of_terminal(
    actor: &Actor,
    terminal: &TerminalRow,
    kind: AuditKind,
    detail: String,
    now: Timestamp,
) -> AuditEvent {
    AuditEvent {
        common_name: Some(terminal.common_name.clone()),
        serial: terminal.serial.clone(),
        ..actor.event(kind, &terminal.tenant_id, detail, now)
    }
}

/// What happened to the terminal and its certificates, without who did what: for those who
/// look after the terminal and are none of the organisation's people.
fn without_people(event: AuditRow) -> Option<AuditRow> {
    // By name, so that a kind that comes later is not shown before somebody has thought of it.
    AuditKind::OF_TERMINALS.iter().find(|kind| kind.as_str() == event.kind)?;
    // What a person did is told with that person's words.
    let detail = if event.actor.is_none() { event.detail } else { String::new() };
    Some(AuditRow { detail, actor: None, ..event })
}
