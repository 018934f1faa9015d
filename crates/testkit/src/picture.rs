//! Pictures for the manuals.

use std::collections::HashMap;

/// A PNG of at most 256 colours, a third as large as one of all colours, with `description` in words. `rgba` has four
/// bytes a pixel; how transparent they are is not looked at.
///
/// # Panics
/// When `rgba` is not `width` times `height` pixels.
pub fn indexed_png(width: u32, height: u32, rgba: &[u8], description: &str) -> Vec<u8> {
    encoded(width, height, indexed(rgba, 0), description)
}

fn encoded(width: u32, height: u32, (palette, indices): (Vec<u8>, Vec<u8>), description: &str) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::NoFilter);
    encoder.add_itxt_chunk("Description".into(), description.to_owned()).expect("a short text");
    let mut writer = encoder.write_header().expect("memory takes it");
    writer.write_image_data(&indices).expect("as many pixels as told");
    writer.finish().expect("memory takes it");
    file
}

/// A PNG with fewer colours, as [`indexed_png`] makes it; but of colours that are much alike one is kept, so that a word
/// in red stays red on a page with a thousand greys.
///
/// # Panics
/// When `file` is not a PNG.
pub fn with_fewer_colours(file: &[u8], description: &str) -> Vec<u8> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut rgba = vec![0; reader.output_buffer_size()];
    let frame = reader.next_frame(&mut rgba).expect("a whole PNG");
    assert_eq!(frame.color_type, png::ColorType::Rgba, "four bytes a pixel");
    encoded(frame.width, frame.height, indexed(&rgba[..frame.buffer_size()], ALIKE), description)
}

/// Below this squared distance of red, green and blue nobody sees a difference in a letter's edge.
const ALIKE: u32 = 150;

/// The commonest colours, of which no two are nearer than `alike`, and for each pixel the nearest of them. What is lost
/// are shades of edges of letters.
fn indexed(rgba: &[u8], alike: u32) -> (Vec<u8>, Vec<u8>) {
    let colours = || rgba.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for colour in colours() {
        *counts.entry(colour).or_default() += 1;
    }
    let mut common: Vec<_> = counts.iter().map(|(colour, count)| (*count, *colour)).collect();
    common.sort_unstable_by(|one, other| other.cmp(one));
    let distance = |one: [u8; 3], other: [u8; 3]| -> u32 {
        one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let mut kept: Vec<[u8; 3]> = Vec::with_capacity(256);
    for (_, colour) in common {
        if kept.len() < 256 && kept.iter().all(|kept| distance(*kept, colour) > alike || alike == 0) {
            kept.push(colour);
        }
    }
    let nearest: HashMap<_, u8> = counts
        .into_keys()
        .map(|colour| {
            let (index, _) = (0..=u8::MAX)
                .zip(&kept)
                .min_by_key(|(_, other)| distance(colour, **other))
                .expect("a picture has a pixel");
            (colour, index)
        })
        .collect();
    let palette = kept.into_iter().flatten().collect();
    (palette, colours().map(|colour| nearest[&colour]).collect())
}
