//! x
fn main() { let n: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
 let mut p = koshin_simulate::parameters::Parameters::new(1); p.terminals=n; koshin_simulate::quick(p); }
