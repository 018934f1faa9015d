//! RSA moduli that are known to fall: small factors, ROCA, close primes.

use num_bigint::BigUint;

use crate::key::KeyRejection;

/// The primes that the published ROCA fingerprint looks at (3 to 167).
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// How many steps of Fermat's method an attacker is granted. Keys of one broken printer firmware (CVE-2022-26320) fall
/// in the first few; those of a sound generator would need more steps than there are atoms.
const FERMAT_ROUNDS: u32 = 100;

/// Refuses a modulus (big-endian) that is even, divisible by a small prime, made by a ROCA device, or factored by a
/// hundred rounds of Fermat's method.
pub(crate) fn check_modulus(big_endian: &[u8]) -> Result<(), KeyRejection> {
    let modulus = BigUint::from_bytes_be(big_endian);
    if !modulus.bit(0) {
        return Err(KeyRejection::RsaSmallFactor(2));
    }
    let residues = PRIMES.map(|prime| (prime, remainder(&modulus, prime)));
    if let Some((prime, _)) = residues.iter().find(|(_, residue)| *residue == 0) {
        return Err(KeyRejection::RsaSmallFactor(*prime));
    }
    if residues.iter().all(|(prime, residue)| is_power_of_65537(*residue, *prime)) {
        return Err(KeyRejection::Roca);
    }
    if has_close_primes(&modulus) {
        return Err(KeyRejection::ClosePrimes);
    }
    Ok(())
}

/// The affected devices make primes of the form k·M + (65537^a mod M), M the product of the first primes. So for each of
/// these primes the modulus is a power of 65537; for an ordinary modulus all 38 agree once in about 2^27 keys.
fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let generator = 65_537 % prime;
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        power = power * generator % prime;
        if power == 1 {
            return false;
        }
    }
}

/// Fermat: n = a² − b² with a just above √n when the factors are close, so try a few a.
fn has_close_primes(modulus: &BigUint) -> bool {
    let mut a = modulus.sqrt();
    if &a * &a < *modulus {
        a += 1u32;
    }
    let mut b_squared = &a * &a - modulus;
    for _ in 0..FERMAT_ROUNDS {
        if is_square(&b_squared) {
            return true;
        }
        // (a + 1)² − n = (a² − n) + 2a + 1
        b_squared += (&a << 1u32) + 1u32;
        a += 1u32;
    }
    false
}

fn is_square(number: &BigUint) -> bool {
    // Squares leave few remainders: these two divisions spare nearly every square root.
    const SIEVE: u32 = 63 * 65 * 11;
    let low = number.iter_u32_digits().next().unwrap_or(0) & 63;
    if !is_square_modulo(low, 64) {
        return false;
    }
    let residue = remainder(number, SIEVE);
    if ![63, 65, 11].iter().all(|modulus| is_square_modulo(residue % modulus, *modulus)) {
        return false;
    }
    let root = number.sqrt();
    &root * &root == *number
}

fn is_square_modulo(residue: u32, modulus: u32) -> bool {
    (0..modulus).any(|x| x * x % modulus == residue)
}

fn remainder(number: &BigUint, divisor: u32) -> u32 {
    (number % divisor).iter_u32_digits().next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_found_and_only_squares() {
        let squares: Vec<u32> = (0u32..2_000).filter(|n| is_square(&BigUint::from(*n))).collect();
        let expected: Vec<u32> = (0u32..45).map(|n| n * n).collect();
        assert_eq!(squares, expected);
    }

    #[test]
    fn powers_of_65537_form_the_published_subgroups() {
        // The set for 11 in the published fingerprint is {1, 10}: 65537 ≡ 10 (mod 11), and 10² ≡ 1.
        let members: Vec<u32> = (1..11).filter(|residue| is_power_of_65537(*residue, 11)).collect();
        assert_eq!(members, [1, 10]);
        // For 3 every residue is a power: this prime tells nothing, as in the published table.
        assert!((1..3).all(|residue| is_power_of_65537(residue, 3)));
    }
}
