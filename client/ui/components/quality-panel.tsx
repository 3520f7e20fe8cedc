import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { gradeOf, type QualityPoint } from '../../sdk/index.ts';
import type { Quality } from '../state/quality.ts';
import { route, statsPathOf } from '../state/route.ts';
import { placeBeside } from './place-beside.ts';
import { QualityBars } from './quality-bars.tsx';
import { QualityHistory } from './quality-history.tsx';
import {
  bitrateWords,
  freezeWords,
  gradeWords,
  lossWords,
  pictureWords,
  reasonWords,
  timeWords,
} from './quality-words.ts';
import './quality-panel.css';

interface QualityPanelProps {
  id: string;
  title: string;
  you: boolean;
  quality: Quality;
  /** The button that has opened it. */
  beside: RefObject<HTMLButtonElement | null>;
}

/** What a connection is like, now and in the last minute; over the page, so that no tile cuts it off. */
export function QualityPanel({ id, title, you, quality, beside }: QualityPanelProps) {
  const panel = useRef<HTMLDivElement>(null);
  usePlace(panel, beside);
  const points = quality.points.value;
  const now = points.at(-1);
  return (
    <div
      ref={panel}
      id={id}
      class={`quality-panel quality-${quality.grade.value ?? 'unknown'}`}
      popover="manual"
      // It is in the tile, which may do something else with it.
      onDblClick={(event) => event.stopPropagation()}
    >
      <h2 class="quality-title">{title}</h2>
      <Verdict point={now} you={you} />
      {you ? <OwnFigures point={now} /> : <OthersFigures point={now} points={points} />}
      <QualityHistory points={points} you={you} />
      {you && <AllStatistics />}
    </div>
  );
}

/** In a tab of its own, so that the call goes on; it takes over the token that one came with. */
function AllStatistics() {
  const shown = route.value;
  if (shown.page !== 'room') return null;
  return (
    <a class="quality-all" href={statsPathOf(shown.room)} target="_blank" rel="opener">
      Everybody’s quality since the call began
    </a>
  );
}

function usePlace(
  panel: RefObject<HTMLDivElement | null>,
  beside: RefObject<HTMLButtonElement | null>,
): void {
  useLayoutEffect(() => {
    let frame = 0;
    // Tiles move for many reasons, most of which are not told: others come, leave and share, one scrolls.
    const follow = () => {
      if (panel.current && beside.current) placeBeside(panel.current, beside.current);
      frame = requestAnimationFrame(follow);
    };
    panel.current?.showPopover();
    follow();
    return () => cancelAnimationFrame(frame);
  }, []);
}

function Verdict({ point, you }: { point: QualityPoint | undefined; you: boolean }) {
  const score = point?.score;
  if (score === undefined) {
    return (
      <div class="quality-verdict">
        <QualityBars grade={undefined} />
        <p>{you ? 'Nothing has been measured yet.' : 'Nothing arrives of them at present.'}</p>
      </div>
    );
  }
  const grade = gradeOf(score);
  return (
    <div class="quality-verdict">
      <QualityBars grade={grade} />
      <p>
        <strong class="quality-grade">{gradeWords(grade)}</strong>
        {point?.reason && <span class="quality-reason">{reasonWords(point.reason, you)}</span>}
      </p>
    </div>
  );
}

function OwnFigures({ point }: { point: QualityPoint | undefined }) {
  const { upFps, upFrameHeight, upScreenFps, upScreenHeight } = point ?? {};
  return (
    <table class="quality-figures">
      <thead>
        <tr>
          <td />
          <th scope="col" class="quality-up">
            Sending
          </th>
          <th scope="col" class="quality-down">
            Receiving
          </th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">Bandwidth</th>
          <td>{bitrateWords(point?.upBitrateBps)}</td>
          <td>{bitrateWords(point?.downBitrateBps)}</td>
        </tr>
        <tr>
          <th scope="row">Lost packets</th>
          <td>{lossWords(point?.upLossRatio)}</td>
          <td>{lossWords(point?.downLossRatio)}</td>
        </tr>
        <tr>
          <th scope="row">Jitter</th>
          <td>{timeWords(point?.upJitterMs)}</td>
          <td>{timeWords(point?.downJitterMs)}</td>
        </tr>
        <Figure name="Round trip" columns={2} value={timeWords(point?.rttMs)} />
        <Figure name="Camera" columns={2} value={pictureWords(upFrameHeight, upFps)} />
        {(upScreenHeight ?? upScreenFps) !== undefined && (
          <Figure name="Screen" columns={2} value={pictureWords(upScreenHeight, upScreenFps)} />
        )}
      </tbody>
    </table>
  );
}

function OthersFigures({
  point,
  points,
}: {
  point: QualityPoint | undefined;
  points: readonly QualityPoint[];
}) {
  const { downFps, downFrameHeight, downScreenFps, downScreenHeight } = point ?? {};
  return (
    <table class="quality-figures">
      <tbody>
        <Figure name="Bandwidth" value={bitrateWords(point?.downBitrateBps)} />
        <Figure name="Lost packets" value={lossWords(point?.downLossRatio)} />
        <Figure name="Jitter" value={timeWords(point?.downJitterMs)} />
        <Figure name="Your round trip" value={timeWords(point?.rttMs)} />
        <Figure name="Picture" value={pictureWords(downFrameHeight, downFps)} />
        {(downScreenHeight ?? downScreenFps) !== undefined && (
          <Figure name="Screen" value={pictureWords(downScreenHeight, downScreenFps)} />
        )}
        <Figure name="Freezes" value={freezeWords(points)} />
      </tbody>
    </table>
  );
}

function Figure({ name, value, columns = 1 }: { name: string; value: string; columns?: number }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td colSpan={columns}>{value}</td>
    </tr>
  );
}
