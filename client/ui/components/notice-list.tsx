import { useId } from 'preact/hooks';
import type { Notice, Notices } from '../state/notices.ts';
import { CloseIcon, WarningIcon } from './icons.tsx';
import './notice-list.css';

/** Always there, so that what comes into it is told. */
export function NoticeList({ notices }: { notices: Notices }) {
  return (
    <div class="notice-list" role="status" aria-atomic="false">
      {notices.list.value.map((notice) => (
        <NoticeBox key={notice.about} notice={notice} onDismiss={() => notices.dismiss(notice.about)} />
      ))}
    </div>
  );
}

function NoticeBox({ notice, onDismiss }: { notice: Notice; onDismiss: () => void }) {
  const id = useId();
  return (
    <div class="notice">
      <WarningIcon />
      <p id={id} class="notice-text">
        {notice.text}
      </p>
      <button type="button" class="notice-dismiss" aria-describedby={id} onClick={onDismiss}>
        <CloseIcon />
        <span class="visually-hidden">Dismiss</span>
      </button>
    </div>
  );
}
