import { useEffect, useRef } from 'preact/hooks';
import './video.css';

/** A picture without sound. What stands behind it shows through until its first frame has come. */
export function Video({ track, mirrored }: { track: MediaStreamTrack; mirrored: boolean }) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (element.current) element.current.srcObject = new MediaStream([track]);
  }, [track]);
  return (
    <video
      ref={element}
      class={mirrored ? 'video video-mirrored' : 'video'}
      aria-hidden="true"
      autoPlay
      muted
      playsInline
      disablePictureInPicture
    />
  );
}
