import { useEffect, useRef } from 'preact/hooks';
import './video.css';

interface VideoProps {
  track: MediaStreamTrack;
  mirrored?: boolean;
  /** Nothing of it is cut off to fill its place. */
  whole?: boolean;
}

/** A picture without sound. What stands behind it shows through until its first frame has come. */
export function Video({ track, mirrored = false, whole = false }: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (element.current) element.current.srcObject = new MediaStream([track]);
  }, [track]);
  return (
    <video
      ref={element}
      class={`video${mirrored ? ' video-mirrored' : ''}${whole ? ' video-whole' : ''}`}
      aria-hidden="true"
      autoPlay
      muted
      playsInline
      disablePictureInPicture
    />
  );
}
