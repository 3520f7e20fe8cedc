import type { ComponentChildren, JSX, TargetedEvent } from 'preact';
import { useId, useRef } from 'preact/hooks';
import './menu.css';

export interface MenuItem {
  label: string;
  icon: () => JSX.Element;
  /** It cannot be undone. */
  danger?: boolean;
  /** There is nothing to be done with it at present. It keeps its place, so that the others keep theirs. */
  disabled?: boolean;
  onChoose: () => void;
}

interface MenuProps {
  /** Classes of the button. */
  class: string;
  /** What is in the button; its text is the button's name. */
  children: ComponentChildren;
  items: readonly MenuItem[];
}

/** Space between a menu and its button, and the edge of the window, in CSS px. */
const GAP = 6;

/** A button that opens a few others over everything else. Escape closes them, and so does going elsewhere. */
export function Menu({ class: classes, children, items }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);

  const place = ({ newState, currentTarget }: ToggleEvent & TargetedEvent<HTMLDivElement>) => {
    if (newState === 'open' && button.current) placeBeside(currentTarget, button.current);
  };
  const choose = (item: MenuItem) => {
    if (item.disabled) return;
    panel.current?.hidePopover();
    item.onChoose();
  };

  return (
    <>
      <button ref={button} type="button" class={classes} popovertarget={id}>
        {children}
      </button>
      <div ref={panel} id={id} class="menu" popover="auto" onBeforeToggle={place}>
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            class={item.danger ? 'menu-item menu-item-danger' : 'menu-item'}
            aria-disabled={item.disabled ?? false}
            onClick={() => choose(item)}
          >
            <item.icon />
            {item.label}
          </button>
        ))}
      </div>
    </>
  );
}

/** Below its button, or above where there is more room; as far to the right as the button goes. */
function placeBeside(menu: HTMLElement, button: HTMLElement): void {
  const { top, bottom, right } = button.getBoundingClientRect();
  const below = innerHeight - bottom > top;
  menu.style.insetBlock = below ? `${bottom + GAP}px auto` : `auto ${innerHeight - top + GAP}px`;
  menu.style.setProperty('--menu-end', `${Math.max(GAP, innerWidth - right)}px`);
}
