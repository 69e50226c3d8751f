//! One thing that a store does wrong.

/// What the store in memory does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A session may have two open records.
    SecondOpen,
    /// Sessions of all tenants are one.
    IgnoresTenant,
    /// Sessions are compared without case.
    FoldsCase,
    /// The version of a new record is that which it says.
    BelievesVersion,
    /// An update does not compare versions.
    LastWins,
    /// An update stores the whole record.
    RewritesAll,
    /// Entries are stored although their write is not.
    EventsAnyway,
    /// Entries come newest first.
    EventsBackwards,
    /// Paused ones count.
    CountsOpen,
    /// Nothing limits an update.
    AdmitsUpdates,
    /// A replaced record is left as it was.
    KeepsReplaced,
    /// The oldest record serves a session that has no open one.
    ServesOldest,
    /// A session that is asked for twice is answered twice.
    AnswersTwice,
    /// The last change is told with the next one only.
    LagsBehind,
    /// Changes come in the order of ids.
    SortsChanges,
    /// Stopped records are listed from the beginning.
    ListsStopped,
    /// Activity raises the version.
    TouchWrites,
    /// A purge takes records on their way to be stopped.
    PurgesStopping,
    /// A purge has no limit.
    PurgesAll,
    /// What was written last is lost in a crash.
    LosesLast,
    /// Each start is an installation of its own.
    BornAgain,
    /// A closed store answers.
    NeverCloses,
    /// The hints end.
    HintsEnd,
    /// Keys can be read where they are stored.
    StoresPlain,
    /// Environment values with a control character are cut.
    CutsValues,
}

impl Fault {
    pub(crate) const ALL: [Self; 25] = [
        Self::SecondOpen,
        Self::IgnoresTenant,
        Self::FoldsCase,
        Self::BelievesVersion,
        Self::LastWins,
        Self::RewritesAll,
        Self::EventsAnyway,
        Self::EventsBackwards,
        Self::CountsOpen,
        Self::AdmitsUpdates,
        Self::KeepsReplaced,
        Self::ServesOldest,
        Self::AnswersTwice,
        Self::LagsBehind,
        Self::SortsChanges,
        Self::ListsStopped,
        Self::TouchWrites,
        Self::PurgesStopping,
        Self::PurgesAll,
        Self::LosesLast,
        Self::BornAgain,
        Self::NeverCloses,
        Self::HintsEnd,
        Self::StoresPlain,
        Self::CutsValues,
    ];

    /// Checks that must find it.
    pub(crate) const fn found_by(self) -> &'static [&'static str] {
        match self {
            Self::SecondOpen => &[
                "inserting::a_session_with_an_open_record_gets_no_second_one",
                "inserting::of_many_starts_of_a_session_one_wins_and_the_others_get_it",
            ],
            Self::IgnoresTenant => {
                &["inserting::the_same_session_of_another_tenant_is_another_session"]
            }
            Self::FoldsCase => &["values::sessions_are_told_apart_byte_by_byte"],
            Self::BelievesVersion => {
                &["inserting::a_new_record_has_the_first_version_whatever_it_said"]
            }
            Self::LastWins => &[
                "updating::a_stale_version_changes_nothing",
                "updating::of_many_updates_of_one_version_one_succeeds",
            ],
            Self::RewritesAll => &["updating::an_update_does_not_touch_what_is_written_once"],
            Self::EventsAnyway => &[
                "updating::a_stale_version_changes_nothing",
                "inserting::a_session_with_an_open_record_gets_no_second_one",
            ],
            Self::EventsBackwards => &["events::the_timeline_is_complete_and_in_order"],
            Self::CountsOpen => &["limits::paused_stopped_and_failed_records_do_not_count"],
            Self::AdmitsUpdates => &["limits::a_record_that_becomes_live_again_needs_a_place"],
            Self::KeepsReplaced => {
                &["replacing::the_old_record_and_the_new_one_are_stored_together"]
            }
            Self::ServesOldest => {
                &["sessions::a_session_is_served_by_its_open_record_else_by_its_newest"]
            }
            Self::AnswersTwice => {
                &["sessions::each_known_session_has_one_answer_and_the_others_none"]
            }
            Self::LagsBehind => &["changes::each_write_is_seen_by_the_next_call"],
            Self::SortsChanges => {
                &["changes::changes_come_in_their_order_each_sandbox_once_with_its_newest_state"]
            }
            Self::ListsStopped => {
                &["changes::the_default_cursor_gives_all_that_something_is_left_of"]
            }
            Self::TouchWrites => &["upkeep::activity_changes_no_record"],
            Self::PurgesStopping => {
                &["upkeep::a_purge_forgets_old_stopped_records_with_all_that_is_theirs"]
            }
            Self::PurgesAll => &["upkeep::a_purge_forgets_no_more_than_it_may"],
            Self::LosesLast => &["surviving::what_was_acknowledged_survives_a_crash"],
            Self::BornAgain => &["upkeep::the_installation_stays_the_same"],
            Self::NeverCloses => &["closing::a_closed_store_says_so"],
            Self::HintsEnd => &["following::hints_never_end_and_harm_nobody"],
            Self::StoresPlain => &["sealing::sealed_values_are_not_readable_where_they_are_stored"],
            Self::CutsValues => &["values::huge_and_odd_environments_are_kept"],
        }
    }
}
