import { type Need, program } from '../../core/needs.ts';
import { encoderNames, type VideoCodec } from './encode.ts';

const installFfmpeg =
  'Debian and Ubuntu: apt-get install -y ffmpeg. macOS: brew install ffmpeg. Without rights: conda install -c conda-forge ffmpeg.';

/** ffmpeg, and its encoder of `codec` where one is asked for. */
export function ffmpegNeeds(codec?: VideoCodec): readonly Need[] {
  const ffmpeg = program('ffmpeg', installFfmpeg);
  return codec === undefined ? [ffmpeg] : [ffmpeg, encoder(ffmpeg, encoderNames[codec])];
}

function encoder(ffmpeg: Need, name: string): Need {
  return {
    advice: 'Install a full build (the packages of Debian, Homebrew and conda-forge are), or choose another codec.',
    missing: async (host) => {
      if ((await ffmpeg.missing(host)) !== undefined) return undefined; // said once, by the other need
      const { execa } = await import('execa');
      const { stdout } = await execa('ffmpeg', ['-hide_banner', '-v', 'error', '-encoders']);
      return stdout.split(/\s+/).includes(name) ? undefined : `ffmpeg was built without ${name}`;
    },
  };
}
