import type { ComponentChildren } from 'preact';

/** Drawn in a square of 24, in the colour of the text; what it means is said by the text beside it. */
function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const MicrophoneIcon = () => (
  <Icon>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </Icon>
);

export const MicrophoneOffIcon = () => (
  <Icon>
    <path d="M9 9.5V11a3 3 0 0 0 4.7 2.5M15 11V6a3 3 0 0 0-5.7-1.3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 10.6 5M18.5 11.5c0 .9-.2 1.8-.5 2.6M12 18v3M4 4l16 16" />
  </Icon>
);

export const SpeakingIcon = () => (
  <Icon>
    <path d="M5 10v4M9.7 6.5v11M14.3 8.5v7M19 10.5v3" />
  </Icon>
);

export const CameraIcon = () => (
  <Icon>
    <rect x="3" y="6.5" width="12.5" height="11" rx="2.5" />
    <path d="m15.5 11 5.5-3v8l-5.5-3" />
  </Icon>
);

export const CameraOffIcon = () => (
  <Icon>
    <path d="M10.5 6.5H13A2.5 2.5 0 0 1 15.5 9v2l5.5-3v8l-3-1.6" />
    <path d="M15.2 16.2a2.5 2.5 0 0 1-2.2 1.3H5.5A2.5 2.5 0 0 1 3 15V9a2.5 2.5 0 0 1 2-2.45M4 4l16 16" />
  </Icon>
);

export const LeaveIcon = () => (
  <Icon>
    <path d="M14 4.5H7.5A2.5 2.5 0 0 0 5 7v10a2.5 2.5 0 0 0 2.5 2.5H14M10.5 12H20m-3.5-3.5L20 12l-3.5 3.5" />
  </Icon>
);

export const LinkIcon = () => (
  <Icon>
    <path d="M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7l-1.1 1.1" />
    <path d="M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
);

export const PeopleIcon = () => (
  <Icon>
    <circle cx="9" cy="8.5" r="3.5" />
    <path d="M2.5 19.5a6.5 6.5 0 0 1 13 0M16 5.2a3.5 3.5 0 0 1 0 6.6M18.5 14.2a6.5 6.5 0 0 1 3 5.3" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6.5 6.5 11 11m0-11-11 11" />
  </Icon>
);

export const ChevronIcon = () => (
  <Icon>
    <path d="m5.5 9 6.5 6.5L18.5 9" />
  </Icon>
);

export const SoundIcon = () => (
  <Icon>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5ZM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" />
  </Icon>
);

export const WarningIcon = () => (
  <Icon>
    <path d="M12 4 2.8 19.5h18.4ZM12 10v4.5M12 17v.1" />
  </Icon>
);
