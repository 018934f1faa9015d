//! A fleet of terminals that lives for years in seconds.
pub mod parameters;
mod by_people;
mod calendar;
mod clocks;
mod dice;
mod lockout;
mod pc;
mod people;
pub mod scenario;
mod server;
mod spells;
mod terminal;
mod unattended;
mod world;
use scenario::Scenario;
pub fn quick(p: parameters::Parameters) {
    let t=std::time::Instant::now();
    let world = world::World::new(p);
    println!("world {:?}", t.elapsed());
    for s in Scenario::ALL {
        let t=std::time::Instant::now();
        let (tally, load) = scenario::run(&world, s);
        let mut causes = std::collections::BTreeMap::new();
        for (_, c) in &tally.lockouts { *causes.entry(format!("{c:?}")).or_insert(0)+=1; }
        let total: u64 = load.renewals.iter().map(|n| u64::from(*n)).sum();
        let mut first = tally.first_wave.clone(); first.sort();
        let (a,b) = if first.is_empty() {(0,1)} else {(first[first.len()/100], first[first.len()*99/100])};
        let m = |at: i64| ((at-world.calendar.start())/60) as usize;
        let (ma,mb)=(m(a)/60*60, m(b)/60*60+60);
        let peak = |w: usize, a: usize, b: usize| load.renewals[a..b.min(load.renewals.len())].chunks(w).map(|c| c.iter().sum::<u32>()).max().unwrap_or(0);
        let sum: u32 = load.renewals[ma..mb].iter().sum();
        let mean_hour = f64::from(sum)/((mb-ma) as f64/60.0);
        println!("{s:?} {:?} causes {causes:?} renewals {total} asked {} away {} dialogs {} notices {} season days {:.1} mean/h {mean_hour:.1} peak h {} = {:.1}x, 10min {} = {:.1}x, 1min {}", t.elapsed(), load.asked, load.sent_away, tally.dialogs, tally.notices, (b-a) as f64/86400.0, peak(60,ma,mb), f64::from(peak(60,ma,mb))/mean_hour, peak(10,ma,mb), f64::from(peak(10,ma,mb))*6.0/mean_hour, peak(1,ma,mb));
        let mut d = tally.days_left.clone(); d.sort();
        if !d.is_empty() { println!("  days left min {} p1 {} p50 {} p99 {}", d[0], d[d.len()/100], d[d.len()/2], d[d.len()*99/100]); }
    }
}
