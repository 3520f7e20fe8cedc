import { useRef } from 'preact/hooks';
import type { PastRooms } from './past-rooms.ts';
import { isAhead, localTime, momentIn, orders, periods } from './search.ts';
import { aheadWords } from './search-words.ts';
import './search-form.css';

/** Chooses which past calls are listed. */
export function SearchForm({ rooms }: { rooms: PastRooms }) {
  const { hours, order, name } = rooms.search.value;
  return (
    <form class="past-search" onSubmit={(event) => event.preventDefault()}>
      <label class="past-field">
        <span>Calls of</span>
        <select
          value={hours}
          onChange={(event) => rooms.change({ hours: Number(event.currentTarget.value) })}
        >
          {periods.map((one) => (
            <option key={one.hours} value={one.hours}>
              {one.label}
            </option>
          ))}
        </select>
      </label>
      <Until rooms={rooms} />
      <label class="past-field">
        <span>Order</span>
        <select
          value={order}
          onChange={({ currentTarget: { value } }) =>
            rooms.change({ order: value === 'latest' ? 'latest' : 'worst' })
          }
        >
          {orders.map((one) => (
            <option key={one.order} value={one.order}>
              {one.label}
            </option>
          ))}
        </select>
      </label>
      <label class="past-field">
        <span>Room</span>
        <input
          type="search"
          value={name}
          placeholder="all"
          autoComplete="off"
          onChange={(event) => rooms.change({ name: event.currentTarget.value.trim() })}
        />
      </label>
    </form>
  );
}

/** When the time ends that one looks at: a moment, or now. */
function Until({ rooms }: { rooms: PastRooms }) {
  const field = useRef<HTMLInputElement>(null);
  const search = rooms.search.value;
  const { until } = search;
  const choose = (text: string) => {
    const moment = momentIn(text);
    if (text === '' || moment !== undefined) rooms.change({ until: moment });
  };
  const chooseNow = () => {
    // What is typed in part is no value, and would stay.
    if (field.current) field.current.value = '';
    rooms.change({ until: undefined });
  };
  return (
    <div class="past-until">
      <label class="past-field">
        <span>until</span>
        <input
          ref={field}
          type="datetime-local"
          value={localTime(until)}
          aria-describedby="past-ahead"
          onChange={(event) => choose(event.currentTarget.value)}
        />
      </label>
      <button type="button" class="past-now" aria-pressed={until === undefined} onClick={chooseNow}>
        now
      </button>
      <p id="past-ahead" class="past-ahead" role="status">
        {until !== undefined && isAhead(search, Date.now()) && aheadWords(until)}
      </p>
    </div>
  );
}
