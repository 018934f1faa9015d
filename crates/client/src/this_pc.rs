//! The real disk, network, hooks and clock.

use crate::{
    clock,
    doors::Caller,
    environment::Environment,
    renewal::{hook::Processes, network::Internet, performer::Surroundings},
    storage::Disk,
};

/// Lets `work` happen on this PC.
pub fn with_surroundings<T>(environment: &Environment, work: impl FnOnce(Surroundings<'_>) -> T) -> T {
    let caller = Caller { clock: clock::now, language: environment.language };
    work(Surroundings {
        fs: &Disk,
        network: &Internet { caller },
        hooks: &Processes::default(),
        state_dir: &environment.state_dir,
        clock: &clock::now,
    })
}
