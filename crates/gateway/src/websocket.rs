//! Whether a client says something on a WebSocket, as opposed to keeping it open: pings and pongs go by themselves and
//! are no sign that somebody uses the sandbox (contract §9.6).

/// Follows the frames of one direction (RFC 6455 §5.2) without keeping any of their bytes.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// Bytes of the current frame's payload that are still to come.
    payload: u64,
    /// The head of the next frame, as far as it has come: at most 2 + 8 + 4 bytes.
    head: [u8; 14],
    head_bytes: usize,
}

impl Frames {
    /// Reads on; whether a frame with data of the application began in these bytes or went on.
    pub(crate) fn carry_data(&mut self, mut bytes: &[u8]) -> bool {
        let mut found = false;
        while !bytes.is_empty() {
            let skipped = usize::try_from(self.payload)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            if skipped > 0 {
                found |= !self.is_control();
                self.payload -= u64::try_from(skipped).unwrap_or(self.payload);
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            if self.head_is_complete() {
                self.head_bytes = 0;
            }
            let Some((byte, rest)) = bytes.split_first() else {
                break;
            };
            bytes = rest;
            if let Some(place) = self.head.get_mut(self.head_bytes) {
                *place = *byte;
                self.head_bytes += 1;
            }
            if self.head_is_complete() {
                self.payload = self.payload_bytes();
                found |= !self.is_control();
            }
        }
        found
    }

    /// Close, ping and pong have the highest bit of the four-bit opcode.
    fn is_control(&self) -> bool {
        let [first, ..] = self.head;
        first & 0x08 != 0
    }

    fn head_is_complete(&self) -> bool {
        let [_, second, ..] = self.head;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        self.head_bytes >= 2 && self.head_bytes >= 2 + length_bytes(second) + mask
    }

    fn payload_bytes(&self) -> u64 {
        let [_, second, length @ ..] = self.head;
        match length_bytes(second) {
            0 => u64::from(second & 0x7f),
            bytes => length
                .iter()
                .take(bytes)
                .fold(0, |value, byte| value << 8 | u64::from(*byte)),
        }
    }
}

/// How many bytes after the first two tell the payload's length.
fn length_bytes(second: u8) -> usize {
    match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(opcode: u8, masked: bool, payload: usize) -> Vec<u8> {
        let mask_bit = if masked { 0x80 } else { 0 };
        let mut bytes = vec![0x80 | opcode];
        match payload {
            0..126 => bytes.push(mask_bit | u8::try_from(payload).unwrap()),
            126..65536 => {
                bytes.push(mask_bit | 126);
                bytes.extend(u16::try_from(payload).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(mask_bit | 127);
                bytes.extend(u64::try_from(payload).unwrap().to_be_bytes());
            }
        }
        bytes.extend(vec![0xff; if masked { 4 } else { 0 } + payload]);
        bytes
    }

    #[test]
    fn pings_and_pongs_are_no_data() {
        let mut frames = Frames::default();
        for opcode in [0x9, 0xa, 0x8] {
            assert!(!frames.carry_data(&frame(opcode, true, 100)));
        }
        assert!(frames.carry_data(&frame(0x1, true, 0)));
        assert!(frames.carry_data(&frame(0x2, true, 70_000)));
        assert!(!frames.carry_data(&frame(0xa, true, 0)));
    }

    #[test]
    fn a_frame_that_goes_on_is_data() {
        let mut frames = Frames::default();
        let bytes = frame(0x2, true, 1000);
        assert!(frames.carry_data(&bytes[..20]));
        assert!(frames.carry_data(&bytes[20..]));
    }

    proptest! {
        #[test]
        fn the_cuts_between_reads_do_not_matter(
            frames in prop::collection::vec((prop::sample::select(vec![1u8, 2, 8, 9, 10]), any::<bool>(), 0usize..300), 0..8),
            cut in 1usize..40,
        ) {
            let has_data = frames.iter().any(|(opcode, ..)| *opcode < 8);
            let bytes: Vec<u8> = frames.iter().flat_map(|(opcode, masked, length)| frame(*opcode, *masked, *length)).collect();
            let mut reader = Frames::default();
            let mut found = false;
            for part in bytes.chunks(cut) {
                found |= reader.carry_data(part);
            }
            prop_assert_eq!(found, has_data);
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            Frames::default().carry_data(&bytes);
        }
    }
}
