//! The real disk, network, hooks and clock.

use crate::{
    clock,
    doors::Caller,
    environment::Environment,
    renewal::{hook::Processes, network::Internet, performer::Surroundings},
    storage::Disk,
};
use koshin_conduct::clock::Correction;

/// Lets `work` happen on this PC.
pub fn with_surroundings<T>(environment: &Environment, work: impl FnOnce(Surroundings<'_>) -> T) -> T {
    with_corrected_clock(environment, Correction::default(), work)
}

/// The same where nobody can be asked to set the PC's clock.
pub fn with_corrected_clock<T>(
    environment: &Environment,
    correction: Correction,
    work: impl FnOnce(Surroundings<'_>) -> T,
) -> T {
    let caller = Caller { clock: clock::now, correction, language: environment.language };
    work(Surroundings {
        fs: &Disk,
        network: &Internet { caller },
        hooks: &Processes::default(),
        state_dir: &environment.state_dir,
        clock: &|| correction.apply(clock::now()),
    })
}
