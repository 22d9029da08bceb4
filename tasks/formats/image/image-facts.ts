import { Problem } from '../../../cache/problem.ts';

export interface ImageFacts {
  readonly of: 'jpeg' | 'png';
  readonly width: number;
  readonly height: number;
}

/** Format and size of an image file, from its header. `what` names it in the `Problem` of anything else. */
export function imageFacts(bytes: Uint8Array, what: string): ImageFacts {
  const facts = isPng(bytes) ? pngFacts(bytes) : isJpeg(bytes) ? jpegFacts(bytes) : undefined;
  if (facts) return facts;
  throw new Problem('not-an-image', `${what} is no JPEG or PNG file (${bytes.length} bytes).`);
}

function isPng(bytes: Uint8Array): boolean {
  return bytes.length > 24 && [0x89, 0x50, 0x4e, 0x47].every((byte, i) => bytes[i] === byte);
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

function pngFacts(bytes: Uint8Array): ImageFacts {
  const view = viewOf(bytes);
  return { of: 'png', width: view.getUint32(16), height: view.getUint32(20) };
}

/** Goes from marker to marker up to the frame header, which is SOF0 to SOF15 without DHT, JPG and DAC (ITU T.81, B.2.2). */
function jpegFacts(bytes: Uint8Array): ImageFacts | undefined {
  const view = viewOf(bytes);
  for (let at = 2; at + 9 <= bytes.length; ) {
    const marker = view.getUint16(at);
    if (marker < 0xff01) return undefined;
    if (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) {
      return { of: 'jpeg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    at += marker === 0xffff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
