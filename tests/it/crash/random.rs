//! Crashes at random points, reproducible by their seed.

use reissue_lab::When;

use super::Reference;
use super::judge::judge;
use super::scene::{Point, Scene};

/// Marsaglia's xorshift: the same seed gives the same points on every machine.
struct Random(u64);

impl Random {
    /// A number below a bound that is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap_or(0)
    }

    fn point(&mut self, reference: &Reference) -> Point {
        let when = [When::BeforeActing, When::AfterActing][self.below(2)];
        match self.below(3) {
            0 => Point::Request(1 + self.below(reference.requests), when),
            1 => Point::Change(1 + self.below(reference.changes), when),
            _ => Point::Write(
                1 + self.below(reference.writes),
                ["before", "half", "after"][self.below(3)],
            ),
        }
    }
}

/// One run of two nodes with up to five crashes. Answers how many struck.
#[track_caller]
pub fn survive(seed: u64, reference: &Reference) -> usize {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let crashes = 1 + random.below(5);
    let points: Vec<Point> = (0..crashes).map(|_| random.point(reference)).collect();
    let scene = Scene::new(1, 1);
    let struck = scene.survive(&points);
    scene.tell(&format!("seed {seed}: {points:?}"), || {
        judge(&scene, &reference.effects)
    });
    struck
}

#[test]
fn killed_at_random() {
    let struck: usize = [1, 2, 3]
        .into_iter()
        .map(|seed| survive(seed, Reference::two_nodes()))
        .sum();
    assert!(struck > 0, "no crash struck");
}
