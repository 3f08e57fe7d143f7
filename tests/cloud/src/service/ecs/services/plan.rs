//! What the scheduler does next: a pure decision over what runs.

/// What a service wants and has.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Desired count.
    pub(super) desired: u64,
    /// At most so many tasks RUNNING or on their way there.
    pub(super) ceiling: u64,
    /// At least so many healthy tasks.
    pub(super) floor: u64,
    /// Whether the primary deployment has failed: it starts nothing, and nothing makes room for it.
    pub(super) frozen: bool,
    /// Tasks that have not left RUNNING.
    pub(super) seats: Vec<Seat>,
}

/// A task that has not left RUNNING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// Task id.
    pub(super) task: String,
    /// Whether it is of the primary deployment.
    pub(super) primary: bool,
    /// Whether it counts as healthy.
    pub(super) healthy: bool,
    /// Whether it was given up for unhealthy.
    pub(super) doomed: bool,
    /// Whether it is about to stop already.
    pub(super) leaving: bool,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acts {
    /// Ids of tasks to stop.
    pub(super) stop: Vec<String>,
    /// How many tasks of the primary deployment to start.
    pub(super) start: u64,
}

/// Decides.
///
/// Surplus tasks stop first, those that are not healthy before those that are. Tasks of older deployments stop as far
/// as enough healthy ones stay. New ones start as far as the maximum leaves room. An unhealthy task stops once it is
/// replaced, or at once when nothing else makes room for its replacement.
pub(super) fn plan(view: &View) -> Acts {
    let mut acts = Acts::default();
    let staying = |seat: &&Seat| !seat.leaving;
    let good: Vec<&Seat> = view.seats.iter().filter(staying).filter(|s| s.primary && !s.doomed).collect();
    let surplus = good.len().saturating_sub(view.desired as usize);
    let mut by_worth = good.clone();
    by_worth.sort_by_key(|seat| seat.healthy);
    acts.stop.extend(by_worth.iter().take(surplus).map(|seat| seat.task.clone()));
    if view.frozen && view.desired > 0 {
        return acts;
    }
    acts.stop.extend(old(view));
    let missing = view.desired.saturating_sub(good.len() as u64);
    let room = view.ceiling.saturating_sub(view.seats.len() as u64);
    acts.start = missing.min(room);
    let healthy = good.iter().filter(|seat| seat.healthy).count() as u64;
    let replaced = healthy >= view.desired;
    let short = (missing - acts.start) as usize;
    let doomed = view.seats.iter().filter(staying).filter(|seat| seat.primary && seat.doomed);
    acts.stop.extend(doomed.take(if replaced { usize::MAX } else { short }).map(|seat| seat.task.clone()));
    acts
}

/// Tasks of older deployments that can go now.
fn old(view: &View) -> Vec<String> {
    let staying: Vec<&Seat> = view.seats.iter().filter(|seat| !seat.leaving).collect();
    let healthy = staying.iter().filter(|seat| seat.healthy && !seat.doomed).count() as u64;
    let spare = healthy.saturating_sub(view.floor) as usize;
    let (well, ill): (Vec<&Seat>, Vec<&Seat>) =
        staying.into_iter().filter(|seat| !seat.primary).partition(|seat| seat.healthy && !seat.doomed);
    ill.into_iter().chain(well.into_iter().take(spare)).map(|seat| seat.task.clone()).collect()
}
