//! What can be wrong with a connector.
use longshore_api::config::Props;

/// One fault. The correct connectors look at it wherever the fault would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// No fault.
    None,
    /// A task starts without a key that it declares as required.
    RequiredKeyIgnored,
    /// A value of the wrong type counts as none.
    WrongTypeIgnored,
    /// A stopped task leaves a task of the runtime behind.
    LeavesTask,
    /// A stopped task leaves a socket open.
    LeavesSocket,
    /// A stopped task leaves a thread behind.
    LeavesThread,
    /// The start says the password.
    TellsPassword,
    /// The log says the password.
    LogsPassword,
    /// The outage of the system is fatal.
    OutageIsFatal,

    /// Source: a poll without events answers at once.
    Spins,
    /// Source: a poll without events hands over an old one.
    InventsEvents,
    /// Source: a poll after a dropped one never ends.
    DeafAfterDrop,
    /// Source: the position moves before the await.
    MovesBeforeAwait,
    /// Source: a task goes on one event too far.
    ResumesTooFar,
    /// Source: a task begins from the start whatever is stored.
    IgnoresStoredOffset,
    /// Source: each record carries the offset of its batch's end.
    OffsetOfBatch,
    /// Source: the system forgets what was read, not what was committed.
    ForgetsWhatWasRead,
    /// Source: a dropped poll turns the position back.
    TurnsBack,
    /// Source: after a dropped poll, only a new event wakes the next one.
    SleepsThroughPause,
    /// Source: batches come in reverse.
    Reversed,
    /// Source: the offset is a number that JSON gives back as another kind of number.
    OddNumber,

    /// Sink: an empty batch is an error.
    ChokesOnNothing,
    /// Sink: a batch that comes again is an error.
    RefusesRepeats,
    /// Sink: a flush says it is done and writes at the next one.
    FlushLies,
    /// Sink: how far the target has come is noted when records arrive, not when they are written.
    NotesTooEarly,
    /// Sink: one bad record makes the whole batch bad.
    RejectsWholeBatch,
    /// Sink: what follows a bad record is left out.
    StopsAtBadRecord,
    /// Sink: during an outage records are accepted and thrown away.
    OutageSwallows,
    /// Sink: batches are written from their end.
    WritesBackwards,
    /// Sink: null values vanish.
    LosesTombstones,
    /// Sink: to open partitions empties the target.
    OpenEmpties,
    /// Sink: values of types it does not know are accepted and left out.
    LosesOddTypes,
    /// Sink: a decimal brings it down.
    PanicsOnDecimal,
}

impl Mutation {
    /// The entry of a configuration that asks for this fault.
    pub(crate) fn entry(self) -> (String, String) {
        ("mutation".into(), format!("{self:?}"))
    }

    /// The fault a configuration asks for.
    pub(crate) fn of(props: &Props) -> Self {
        let name = props.get("mutation").map_or("", String::as_str);
        ALL.iter().copied().find(|mutation| format!("{mutation:?}") == name).unwrap_or(Self::None)
    }

    /// Takes away what a connector with this fault does not look at.
    pub(crate) fn blinded(self, props: &Props) -> Props {
        let mut props = props.clone();
        match self {
            Self::RequiredKeyIgnored => drop(props.entry("topic".into()).or_insert_with(|| "somewhere".into())),
            Self::WrongTypeIgnored => drop(props.shift_remove("batch.size")),
            _ => {}
        }
        props
    }

    /// Leaves behind what this fault leaves behind, as a stopped task does.
    pub(crate) fn leave_behind(self) {
        match self {
            Self::LeavesTask => drop(tokio::spawn(std::future::pending::<()>())),
            Self::LeavesSocket => std::mem::forget(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()),
            Self::LeavesThread => drop(std::thread::spawn(std::thread::park)),
            _ => {}
        }
    }
}

const ALL: &[Mutation] = &[
    Mutation::RequiredKeyIgnored,
    Mutation::WrongTypeIgnored,
    Mutation::LeavesTask,
    Mutation::LeavesSocket,
    Mutation::LeavesThread,
    Mutation::TellsPassword,
    Mutation::LogsPassword,
    Mutation::OutageIsFatal,
    Mutation::Spins,
    Mutation::InventsEvents,
    Mutation::DeafAfterDrop,
    Mutation::MovesBeforeAwait,
    Mutation::ResumesTooFar,
    Mutation::IgnoresStoredOffset,
    Mutation::OffsetOfBatch,
    Mutation::ForgetsWhatWasRead,
    Mutation::TurnsBack,
    Mutation::SleepsThroughPause,
    Mutation::Reversed,
    Mutation::OddNumber,
    Mutation::ChokesOnNothing,
    Mutation::RefusesRepeats,
    Mutation::FlushLies,
    Mutation::NotesTooEarly,
    Mutation::RejectsWholeBatch,
    Mutation::StopsAtBadRecord,
    Mutation::OutageSwallows,
    Mutation::WritesBackwards,
    Mutation::LosesTombstones,
    Mutation::OpenEmpties,
    Mutation::LosesOddTypes,
    Mutation::PanicsOnDecimal,
];
